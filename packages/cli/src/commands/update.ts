import type { Limits } from '@corral/runner'
import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addLimits, givenLimits } from '../options/limits.ts'
import { addStorage, type StorageOptions } from '../options/storage.ts'
import { UsageError } from '../outcome/usage-error.ts'

export function define(command: Command): void {
  command
    .description('Changes limits of jobs while they run; those that are not named stay as they are.')
    .argument('<names...>', 'the jobs')
  addStorage(addLimits(command)).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StorageOptions & Limits): Promise<number> {
  const limits = givenLimits(options)
  if (Object.keys(limits).length === 0) throw new UsageError("no limit to change; 'corral update --help' lists them")
  return forEachJob(words, options, (runner, name) => runner.update(name, limits))
}

const epilogue = `
Examples:
  $ corral update --memory-max 256M web
  $ corral update --cpu-max max --pids-max 512 web worker`
