import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addStorage, type StorageOptions } from '../options/storage.ts'
import { UsageError } from '../outcome/usage-error.ts'

interface RmOptions extends StorageOptions {
  force?: true
}

export function define(command: Command): void {
  command
    .description('Forgets jobs that have ended, and deletes their output.')
    .argument('<names...>', 'the jobs')
    .option('-f, --force', 'kill those that still run')
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: RmOptions): Promise<number> {
  return forEachJob(words, options, async (runner, name) => {
    if (!options.force && (await runner.status(name)).active) {
      throw new UsageError(`${name} is running: stop it first ('corral stop ${name}'), or use 'corral rm -f'`)
    }
    await runner.stop(name, { graceMs: 0 })
  })
}

const epilogue = `
Examples:
  $ corral rm web
  $ corral rm -f web worker
  $ corral rm $(corral ps -q --filter state=exited)`
