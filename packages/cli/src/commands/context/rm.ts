import type { Command } from 'commander'

import { checkContextName, findContext } from '../../contexts/context.ts'
import { readContexts, writeContexts } from '../../contexts/file.ts'
import { writeOut } from '../../streams/stdout.ts'

export function define(command: Command): void {
  command
    .description('Forgets contexts; when one of them is in use, commands go to this host again. Files are left alone.')
    .argument('<contexts...>', 'their names')
    .addHelpText('after', epilogue)
}

export async function act(names: string[]): Promise<number> {
  const saved = await readContexts()
  for (const name of names) findContext(saved, checkContextName(name))
  const contexts = Object.fromEntries(Object.entries(saved.contexts).filter(([name]) => !names.includes(name)))
  const current = saved.current !== null && names.includes(saved.current) ? null : saved.current
  await writeContexts({ current, contexts })
  await writeOut(names.map((name) => `${name}\n`).join(''))
  return 0
}

const epilogue = `
Examples:
  $ corral context rm build-box`
