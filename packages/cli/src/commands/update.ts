import type { Limits } from '@corral/runner'
import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addLimits, givenLimits } from '../options/limits.ts'
import { UsageError } from '../outcome/usage-error.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command
    .description('Changes limits of jobs while they run; those that are not named stay as they are.')
    .argument('<names...>', 'the jobs')
  addWhere(addLimits(command)).addHelpText('after', epilogue)
}

export async function act(words: string[], options: WhereOptions & Limits): Promise<number> {
  const limits = givenLimits(options)
  if (Object.keys(limits).length === 0) throw new UsageError("no limit to change; 'corral update --help' lists them")
  return forEachJob(words, options, (runner, name) => runner.update(name, limits))
}

const epilogue = `
Examples:
  $ corral update --memory-max 256M web
  $ corral update --cpu-max max --pids-max 512 web worker`
