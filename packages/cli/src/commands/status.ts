import type { ManagedAttempt, ManagedRestart, ManagedStatus } from '@corral/api'
import type { Collected, JobSpec, Usage } from '@corral/runner'
import type { Command } from 'commander'

import { describeOmitted } from '../collected/copy.ts'
import { type AnyStatus, isLive, isManaged } from '../jobs/status.ts'
import { resolveName } from '../names/resolve.ts'
import { writeOut } from '../streams/stdout.ts'
import { formatBytes } from '../text/bytes.ts'
import { formatDuration } from '../text/duration.ts'
import { describeIsolation } from '../text/isolation.ts'
import { formatJson } from '../text/json.ts'
import { describeState, formatAge } from '../text/state.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface StatusOptions extends WhereOptions {
  json?: true
}

export function define(command: Command): void {
  command
    .description('Says how a job is doing or how it ended, and what it has used.')
    .argument('<name>', 'the job')
    .option('--json', 'as JSON')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StatusOptions): Promise<number> {
  await writeOut(
    await withRunner(options, async (runner) => {
      const name = await resolveName(runner, words[0]!)
      if (options.json) return formatJson(await runner.status(name))
      const { spec, ...status } = await runner.inspect(name)
      return `${describeStatus(status, spec).join('\n')}\n`
    }),
  )
  return 0
}

/** A job's status in lines of a word and what it is. */
export function describeStatus(
  status: AnyStatus,
  spec: Pick<JobSpec, 'isolation'> | null,
  now: Date = new Date(),
): string[] {
  const { name, pid, startedAt, finishedAt, oomKills, usage, collected } = status
  const lines: [string, string | undefined][] = [
    ['name', name],
    ['state', isLive(status) ? describeState(status, now) : describeEnd(status)],
    ...(isManaged(status) ? describeManaged(status, now) : []),
    ['started', startedAt ? formatTime(startedAt, now) : undefined],
    ['ended', finishedAt ? formatTime(finishedAt, now) : undefined],
    ['pid', pid?.toString()],
    ['isolation', spec ? describeIsolation(spec.isolation) : undefined],
    ['oom kills', oomKills > 0 ? String(oomKills) : undefined],
    ['output', describeOutput(status)],
    ...(usage ? describeUsage(usage, status.active) : []),
    ...collected.map((each): [string, string] => ['collected', describeCollected(each)]),
  ]
  return lines.filter(([, text]) => text !== undefined).map(([word, text]) => `${word.padEnd(9)}  ${text}`)
}

/** What a daemon has to say of it. */
function describeManaged(status: ManagedStatus, now: Date): [string, string | undefined][] {
  const { owner, createdAt, startedAt, restart, failure, priority, attempts } = status
  return [
    ['failure', failure?.message],
    ['owner', owner === '' ? undefined : owner],
    ['priority', priority === 0 ? undefined : String(priority)],
    ['asked for', startedAt ? undefined : formatTime(createdAt, now)],
    ['restart', describeRestart(restart)],
    ...(attempts.length > 1 ? attempts.map((each): [string, string] => ['attempt', describeAttempt(each)]) : []),
  ]
}

function describeRestart({ mode, maxRestarts }: ManagedRestart): string | undefined {
  if (mode === 'never') return undefined
  return maxRestarts === undefined ? mode : `${mode}, at most ${maxRestarts === 1 ? 'once' : `${maxRestarts} times`}`
}

function describeAttempt({
  number,
  state,
  exitStatus,
  signal,
  startedAt,
  finishedAt,
  failure,
}: ManagedAttempt): string {
  const how = failure?.message ?? (state === 'active' ? undefined : (signal ?? `exit status ${exitStatus}`))
  const took = startedAt && finishedAt ? ` after ${formatDuration(finishedAt.getTime() - startedAt.getTime())}` : ''
  return `${number}: ${state}${how === undefined ? '' : ` (${how})`}${took}`
}

function describeEnd(status: AnyStatus): string {
  const how = status.signal === null ? `exit status ${status.exitStatus}` : status.signal
  const hasMore = ['stopped', 'timed-out', 'oom'].includes(status.state)
  return hasMore ? `${status.state} (${how})` : describeState(status)
}

function describeOutput({ outputBytes, outputDroppedBytes }: AnyStatus): string | undefined {
  if (outputBytes === null) return undefined
  const dropped = outputDroppedBytes ? `, ${formatBytes(outputDroppedBytes)} of it dropped` : ''
  return `${formatBytes(outputBytes)}${dropped}`
}

function describeCollected(each: Collected): string {
  const omitted = describeOmitted(each)
  const count = each.files === 1 ? 'a file' : `${each.files} files`
  return `${each.path}: ${count}, ${formatBytes(each.bytes)}${omitted === undefined ? '' : `; ${omitted}`}`
}

function formatTime(at: Date, now: Date): string {
  return `${at.toISOString()} (${formatAge(at, now)})`
}

function describeUsage(usage: Usage, active: boolean): [string, string | undefined][] {
  const { cpuUserUs, cpuSystemUs, cpuThrottledUs, memoryBytes, memoryPeakBytes, pids, pidsPeak } = usage
  const throttled = cpuThrottledUs ? `, held back ${formatDuration(cpuThrottledUs / 1000)}` : ''
  return [
    ['cpu', `${formatDuration(cpuUserUs / 1000)} user, ${formatDuration(cpuSystemUs / 1000)} system${throttled}`],
    ['memory', nowAndPeak(active ? memoryBytes : null, memoryPeakBytes, formatBytes)],
    ['read', describeIo(usage.ioReadBytes, usage.ioReadOperations)],
    ['written', describeIo(usage.ioWriteBytes, usage.ioWriteOperations)],
    ['processes', nowAndPeak(active ? pids : null, pidsPeak, String)],
  ]
}

function nowAndPeak(
  current: number | null,
  peak: number | null,
  format: (value: number) => string,
): string | undefined {
  const parts = [current === null ? '' : `${format(current)} now`, peak === null ? '' : `${format(peak)} at the most`]
  return parts.filter((part) => part !== '').join(', ') || undefined
}

function describeIo(bytes: number | null, operations: number | null): string | undefined {
  if (bytes === null) return undefined
  return `${formatBytes(bytes)}${operations === null ? '' : ` in ${operations} operations`}`
}

const epilogue = `
Examples:
  $ corral status web
  $ corral status --json web | jq .usage.memoryPeakBytes`
