import type { Runner } from '@corral/client'
import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { duration, signal } from '../options/parsers.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface StopOptions extends WhereOptions {
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
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StopOptions): Promise<number> {
  return forEachJob(words, options, async (runner, name, daemon) => {
    // A daemon has a grace of its own for jobs that were started without.
    const graceMs = options.grace ?? (daemon ? undefined : await ownGrace(runner, name))
    await runner.stop(name, {
      keepOutput: true,
      ...(graceMs !== undefined && { graceMs }),
      ...(options.signal && { signal: options.signal }),
    })
  })
}

/** The job's own grace; a job whose spec is damaged can be stopped all the same. */
async function ownGrace(runner: Runner, name: string): Promise<number> {
  const { CorralError } = await import('@corral/runner/errors')
  try {
    return (await runner.inspect(name)).spec?.stopGraceMs || defaultGraceMs
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
