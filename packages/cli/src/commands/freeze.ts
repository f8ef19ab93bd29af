import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command
    .description(
      "Stops all processes of jobs in their tracks, until 'corral thaw'. Their memory is kept; their time-outs go on.",
    )
    .argument('<names...>', 'the jobs')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: WhereOptions): Promise<number> {
  return forEachJob(words, options, (runner, name) => runner.freeze(name))
}

const epilogue = `
Examples:
  $ corral freeze web
  $ corral freeze $(corral ps -q --filter label=nice=yes)`
