import type { CgroupRunner } from '@corral/runner'
import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { duration, signal } from '../options/parsers.ts'
import { addStorage, type StorageOptions } from '../options/storage.ts'

interface StopOptions extends StorageOptions {
  grace?: number
  signal?: NodeJS.Signals
}

const defaultGraceMs = 10_000

export function define(command: Command): void {
  command
    .description(
      'Asks jobs to end, and kills those that have not when the grace is over. Their output and status are kept:\n' +
        "'corral rm' deletes them. Stopping a job that has ended already succeeds.",
    )
    .argument('<names...>', 'the jobs')
    .option(
      '-t, --grace <time>',
      "how long they may take; 0: kill at once (default: the job's --stop-grace, or 10s)",
      duration,
    )
    .option('-s, --signal <signal>', "how to ask (default: the job's --stop-signal)", signal)
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StopOptions): Promise<number> {
  return forEachJob(words, options, async (runner, name) => {
    const graceMs = options.grace ?? (await ownGrace(runner, name))
    await runner.stop(name, { keepOutput: true, graceMs, ...(options.signal && { signal: options.signal }) })
  })
}

/** The job's own grace; a job whose spec is damaged can be stopped all the same. */
async function ownGrace(runner: CgroupRunner, name: string): Promise<number> {
  const { CorralError } = await import('@corral/runner')
  try {
    return (await runner.inspect(name)).spec.stopGraceMs || defaultGraceMs
  } catch (error) {
    if (error instanceof CorralError) return defaultGraceMs
    throw error
  }
}

const epilogue = `
Examples:
  $ corral stop web
  $ corral stop -t 30s -s INT web worker
  $ corral stop $(corral ps -q)`
