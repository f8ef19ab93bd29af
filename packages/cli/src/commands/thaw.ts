import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command.description('Lets frozen jobs go on.').argument('<names...>', 'the jobs')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: WhereOptions): Promise<number> {
  return forEachJob(words, options, (runner, name) => runner.thaw(name))
}

const epilogue = `
Examples:
  $ corral thaw web
  $ corral thaw $(corral ps -q --filter label=nice=yes)`
