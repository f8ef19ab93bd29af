import { type Command, Option } from 'commander'

import { resolveName } from '../names/resolve.ts'
import { addStorage, type StorageOptions, withRunner } from '../options/storage.ts'
import { Sampler } from '../stats/sampler.ts'
import { printStats, watchStats, type StatsFormat } from '../stats/print.ts'

interface StatsOptions extends StorageOptions {
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
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StatsOptions): Promise<number> {
  return withRunner(options, async (runner) => {
    const names = await Promise.all(words.map((word) => resolveName(runner, word)))
    const sampler = new Sampler(runner, names)
    if (options.stream !== false) await watchStats(sampler, options.format, names.length > 0)
    else await printStats(await sampler.sample(), options.format)
    return 0
  })
}

const epilogue = `
CPU % is of one CPU. HELD BACK is the share of the time in which the job was kept waiting by --cpu-max.

Examples:
  $ corral stats
  $ corral stats --no-stream web
  $ corral stats --format ndjson web >> usage.ndjson`
