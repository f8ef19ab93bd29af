import { type Command, Option } from 'commander'

import { type AnySummary, isLive, ownerOf } from '../jobs/status.ts'
import { repeated } from '../options/parsers.ts'
import { writeOut } from '../streams/stdout.ts'
import { formatCommand } from '../text/command-line.ts'
import { shortName } from '../text/job-name.ts'
import { formatList, type ListFormat } from '../text/json.ts'
import { describeState, formatAge } from '../text/state.ts'
import { formatTable, shorten } from '../text/table.ts'
import { parseFilters } from '../options/filters.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface PsOptions extends WhereOptions {
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
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: PsOptions): Promise<number> {
  const { labels, keys, states } = parseFilters(options.filter ?? [])
  const jobs = await withRunner(options, (runner) => runner.list(labels))
  const wanted = (job: AnySummary): boolean =>
    (states.size > 0 ? states.has(job.state) : isLive(job) || options.all === true) &&
    keys.every((key) => Object.hasOwn(job.labels, key))
  await writeOut(print(jobs.filter(wanted), options))
  return 0
}

function print(jobs: readonly AnySummary[], { quiet, format, trunc = true }: PsOptions): string {
  if (quiet) return jobs.map(({ name }) => `${name}\n`).join('')
  if (format !== 'table') return formatList(jobs, format)
  const now = new Date()
  const owners = ownersOf(jobs)
  const rows = jobs.map((job) => [
    trunc ? shortName(job.name) : job.name,
    ...(owners.size > 1 ? [ownerOf(job)] : []),
    describeState(job, now),
    job.startedAt ? formatAge(job.startedAt, now) : '-',
    trunc ? shorten(formatCommand(job.command), commandWidth) : formatCommand(job.command),
  ])
  const header = ['NAME', ...(owners.size > 1 ? ['OWNER'] : []), 'STATE', 'STARTED', 'COMMAND']
  return `${formatTable(header, rows).join('\n')}\n`
}

/** Whose jobs they are: worth a column when there are several, as a daemon has. */
function ownersOf(jobs: readonly AnySummary[]): Set<string> {
  return new Set(jobs.map(ownerOf))
}

const epilogue = `
States: active, exited, signaled, oom, timed-out, stopped, lost; of a daemon's jobs also queued, restarting, and
failed, which could not be started when their turn came. With a state filter, ended jobs are listed without --all. Several states: any of them. Several labels: all of them.

Examples:
  $ corral ps
  $ corral ps -a --filter state=oom --filter state=timed-out
  $ corral rm $(corral ps -q --filter state=exited --filter label=team=shop)
  $ corral ps -a --format json | jq '.[] | select(.exitStatus != 0).name'`
