import type { Runner } from '@corral/client'
import { type Command, Option } from 'commander'

import { isLive } from '../jobs/status.ts'
import { resolveName } from '../names/resolve.ts'
import { Sampler } from '../stats/sampler.ts'
import { type JobUsage, watchUsage } from '../stats/usage.ts'
import { printStats, watchStats, type StatsFormat } from '../stats/print.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface StatsOptions extends WhereOptions {
  /** Absent is yes: the parser knows no default of options that are declared while it parses. */
  stream?: boolean
  format: StatsFormat
}

export function define(command: Command): void {
  command
    .description('Shows once a second what running jobs use. With names it ends when these have ended, else at Ctrl-C.')
    .argument('[names...]', 'the jobs (default: all that run)')
    .option('--no-stream', 'once; CPU is then the average since the start')
    .addOption(new Option('--format <format>', 'how to print it').choices(['table', 'json', 'ndjson']).default('table'))
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StatsOptions): Promise<number> {
  return withRunner(options, async (runner, daemon) => {
    const names = await Promise.all(words.map((word) => resolveName(runner, word)))
    const usage = watchUsage(runner, daemon, { names })
    if (options.stream === false) await printStats(new Sampler().sample(await firstOf(usage)), options.format)
    else await watchStats(usage, options.format, async () => names.length > 0 && !(await anyLive(runner, names)))
    return 0
  })
}

async function firstOf(usage: AsyncIterable<JobUsage[]>): Promise<JobUsage[]> {
  for await (const jobs of usage) return jobs
  return []
}

/** Whether one of them may use something yet: a daemon's may be started again. */
async function anyLive(runner: Runner, names: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(names.map((name) => runner.status(name)))
  return found.some((each) => each.status === 'fulfilled' && isLive(each.value))
}

const epilogue = `
CPU % is of one CPU. HELD BACK is the share of the time in which the job was kept waiting by --cpu-max.

Examples:
  $ corral stats
  $ corral stats --no-stream web
  $ corral stats --format ndjson web >> usage.ndjson`
