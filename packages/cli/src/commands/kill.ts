import { type Command, Option } from 'commander'

import { forEachJob } from '../names/each.ts'
import { signal } from '../options/parsers.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface KillOptions extends WhereOptions {
  signal: NodeJS.Signals
}

export function define(command: Command): void {
  command
    .description("Sends a signal to jobs' commands; SIGKILL goes to all processes of a job.")
    .argument('<names...>', 'the jobs')
    .addOption(
      new Option('-s, --signal <signal>', 'the signal, by name or number')
        .argParser(signal)
        .default('SIGKILL', 'SIGKILL'),
    )
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: KillOptions): Promise<number> {
  return forEachJob(words, options, (runner, name) => runner.kill(name, options.signal))
}

const epilogue = `
Examples:
  $ corral kill web
  $ corral kill -s HUP web
  $ corral kill -s USR1 $(corral ps -q --filter label=team=shop)`
