import type { Command } from 'commander'

import { findContext, localContext } from '../../contexts/context.ts'
import { readContexts } from '../../contexts/file.ts'
import { writeOut } from '../../streams/stdout.ts'
import { formatJson } from '../../text/json.ts'

interface ShowOptions {
  json?: true
}

export function define(command: Command): void {
  command
    .description('Prints the name of a context, its address and its files.')
    .argument('[context]', 'its name (default: the one in use)')
    .option('--json', 'as JSON')
    .addHelpText('after', epilogue)
}

export async function act([typed]: string[], { json }: ShowOptions): Promise<number> {
  const saved = await readContexts()
  const name = typed ?? saved.current ?? localContext
  const shown = { name, ...(name !== localContext && findContext(saved, name)) }
  const lines = Object.entries(shown).map(([key, value]) => `${key.padEnd(4)}  ${value}\n`)
  await writeOut(json ? formatJson(shown) : lines.join(''))
  return 0
}

const epilogue = `
Examples:
  $ corral context show
  $ corral context show --json build-box | jq -r .host`
