import type { Runner } from '@corral/client'
import type { Command } from 'commander'

import { doing, isLive } from '../jobs/status.ts'
import { forEachJob } from '../names/each.ts'
import { UsageError } from '../outcome/usage-error.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface RmOptions extends WhereOptions {
  force?: true
}

export function define(command: Command): void {
  command
    .description('Forgets jobs that have ended, and deletes their output.')
    .argument('<names...>', 'the jobs')
    .option('-f, --force', 'kill those that still run')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: RmOptions): Promise<number> {
  return forEachJob(words, options, async (runner, name) => {
    const status = options.force ? undefined : await runner.status(name)
    if (status && isLive(status)) {
      throw new UsageError(`${name} is ${doing(status)}: stop it first ('corral stop ${name}'), or use 'corral rm -f'`)
    }
    await remove(runner, name)
  })
}

/** Whoever ran it may remove it at the same time: then it is gone, as was wanted. */
async function remove(runner: Runner, name: string): Promise<void> {
  const { JobNotFoundError } = await import('@corral/runner/errors')
  try {
    await runner.stop(name, { graceMs: 0 })
  } catch (error) {
    if (!(error instanceof JobNotFoundError)) throw error
  }
}

const epilogue = `
Examples:
  $ corral rm web
  $ corral rm -f web worker
  $ corral rm $(corral ps -q --filter state=exited)`
