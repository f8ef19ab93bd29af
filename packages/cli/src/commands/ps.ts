import type { JobSummary } from '@corral/runner'
import { type Command, Option } from 'commander'

import { repeated } from '../options/parsers.ts'
import { addStorage, type StorageOptions, withRunner } from '../options/storage.ts'
import { writeOut } from '../streams/stdout.ts'
import { formatCommand } from '../text/command-line.ts'
import { shortName } from '../text/job-name.ts'
import { formatList, type ListFormat } from '../text/json.ts'
import { describeState, formatAge } from '../text/state.ts'
import { formatTable, shorten } from '../text/table.ts'
import { parseFilters } from '../options/filters.ts'

interface PsOptions extends StorageOptions {
  all?: true
  quiet?: true
  filter?: readonly string[]
  /** Absent is yes: the parser knows no default of options that are declared while it parses. */
  trunc?: boolean
  format: 'table' | ListFormat
}

const commandWidth = 40

export function define(command: Command): void {
  command
    .option('-a, --all', 'ended jobs too')
    .option('-q, --quiet', 'only names')
    .option('-f, --filter <filter>', 'only those with label=KEY, label=KEY=VALUE or state=STATE; repeatable', repeated)
    .option('--no-trunc', 'names and commands in full')
    .addOption(
      new Option('--format <format>', 'how to print them').choices(['table', 'json', 'ndjson']).default('table'),
    )
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: PsOptions): Promise<number> {
  const { labels, keys, states } = parseFilters(options.filter ?? [])
  const jobs = await withRunner(options, (runner) => runner.list(labels))
  const wanted = (job: JobSummary): boolean =>
    (states.size > 0 ? states.has(job.state) : job.active || options.all === true) &&
    keys.every((key) => Object.hasOwn(job.labels, key))
  await writeOut(print(jobs.filter(wanted), options))
  return 0
}

function print(jobs: readonly JobSummary[], { quiet, format, trunc = true }: PsOptions): string {
  if (quiet) return jobs.map(({ name }) => `${name}\n`).join('')
  if (format !== 'table') return formatList(jobs, format)
  const now = new Date()
  const rows = jobs.map((job) => [
    trunc ? shortName(job.name) : job.name,
    describeState(job, now),
    formatAge(job.startedAt, now),
    trunc ? shorten(formatCommand(job.command), commandWidth) : formatCommand(job.command),
  ])
  return `${formatTable(['NAME', 'STATE', 'STARTED', 'COMMAND'], rows).join('\n')}\n`
}

const epilogue = `
States: active, exited, signaled, oom, timed-out, stopped, lost.
With a state filter, ended jobs are listed without --all. Several states: any of them. Several labels: all of them.

Examples:
  $ corral ps
  $ corral ps -a --filter state=oom --filter state=timed-out
  $ corral rm $(corral ps -q --filter state=exited --filter label=team=shop)
  $ corral ps -a --format json | jq '.[] | select(.exitStatus != 0).name'`
