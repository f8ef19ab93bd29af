import { type Command, Option } from 'commander'

import { type Context, localContext } from '../../contexts/context.ts'
import { readContexts } from '../../contexts/file.ts'
import { writeOut } from '../../streams/stdout.ts'
import { formatList, type ListFormat } from '../../text/json.ts'
import { formatTable } from '../../text/table.ts'

interface LsOptions {
  quiet?: true
  format: 'table' | ListFormat
}

/** A context in a listing. */
interface Listed extends Partial<Context> {
  name: string
  current: boolean
}

export function define(command: Command): void {
  command
    .description('Lists contexts; the one in use has a star.')
    .option('-q, --quiet', 'only names')
    .addOption(
      new Option('--format <format>', 'how to print them').choices(['table', 'json', 'ndjson']).default('table'),
    )
    .addHelpText('after', epilogue)
}

export async function act(_: string[], { quiet, format }: LsOptions): Promise<number> {
  const { current, contexts } = await readContexts()
  const listed: Listed[] = [{ name: localContext, current: current === null }]
  for (const [name, context] of Object.entries(contexts)) listed.push({ name, current: name === current, ...context })
  if (quiet) await writeOut(listed.map(({ name }) => `${name}\n`).join(''))
  else await writeOut(format === 'table' ? tableOf(listed) : formatList(listed, format))
  return 0
}

function tableOf(listed: readonly Listed[]): string {
  const rows = listed.map(({ name, current, host, cert }) => [
    `${name}${current ? ' *' : ''}`,
    host ?? 'this host',
    cert ?? '',
  ])
  return `${formatTable(['NAME', 'HOST', 'CERTIFICATE'], rows).join('\n')}\n`
}

const epilogue = `
Examples:
  $ corral context ls
  $ corral context ls --format json | jq -r '.[] | select(.current).name'`
