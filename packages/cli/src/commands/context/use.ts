import type { Command } from 'commander'

import { findContext, localContext } from '../../contexts/context.ts'
import { readContexts, writeContexts } from '../../contexts/file.ts'
import { writeOut } from '../../streams/stdout.ts'

export function define(command: Command): void {
  command
    .description("Has commands go to a daemon from now on; 'local': to this host again.")
    .argument('<context>', 'its name')
    .addHelpText('after', epilogue)
}

export async function act([name]: string[]): Promise<number> {
  const saved = await readContexts()
  const isLocal = name === localContext
  if (!isLocal) findContext(saved, name!)
  await writeContexts({ ...saved, current: isLocal ? null : name! })
  await writeOut(`${name}\n`)
  for (const variable of ['CORRAL_HOST', 'CORRAL_CONTEXT', 'CORRAL_STORAGE_ROOT']) {
    if (process.env[variable]) process.stderr.write(`corral: $${variable} is set, and goes before it\n`)
  }
  return 0
}

const epilogue = `
Examples:
  $ corral context use build-box
  $ corral context use local`
