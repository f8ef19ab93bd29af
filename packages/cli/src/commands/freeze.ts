import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addStorage, type StorageOptions } from '../options/storage.ts'

export function define(command: Command): void {
  command
    .description(
      "Stops all processes of jobs in their tracks, until 'corral thaw'. Their memory is kept; their time-outs go on.",
    )
    .argument('<names...>', 'the jobs')
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StorageOptions): Promise<number> {
  return forEachJob(words, options, (runner, name) => runner.freeze(name))
}

const epilogue = `
Examples:
  $ corral freeze web
  $ corral freeze $(corral ps -q --filter label=nice=yes)`
