import type { Command } from 'commander'

import { resolveName } from '../names/resolve.ts'
import { count } from '../options/parsers.ts'
import { copyOut } from '../streams/copy.ts'
import { sayDropped } from '../streams/dropped.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface LogsOptions extends WhereOptions {
  follow?: true
  tail?: number
}

export function define(command: Command): void {
  command
    .description("Prints a job's output, stdout and stderr together, from the first byte on.")
    .argument('<name>', 'the job')
    .option('-f, --follow', 'go on until the job has ended')
    .option('-n, --tail <lines>', 'begin with the last so many lines; 0: only what is yet to come', count)
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: LogsOptions): Promise<number> {
  const { follow = false, tail } = options
  return withRunner(options, async (runner) => {
    const name = await resolveName(runner, words[0]!)
    await copyOut(runner.output(name, { follow, onDropped: sayDropped, ...(tail !== undefined && { tail }) }))
    return 0
  })
}

const epilogue = `
Examples:
  $ corral logs web
  $ corral logs -f -n 20 web
  $ corral logs -f --tail 0 web | grep --line-buffered ERROR`
