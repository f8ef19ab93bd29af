import type { Collected, JobSpec, JobStatus, Usage } from '@corral/runner'
import type { Command } from 'commander'

import { describeOmitted } from '../collected/copy.ts'
import { resolveName } from '../names/resolve.ts'
import { addStorage, type StorageOptions, withRunner } from '../options/storage.ts'
import { writeOut } from '../streams/stdout.ts'
import { formatBytes } from '../text/bytes.ts'
import { formatDuration } from '../text/duration.ts'
import { describeIsolation } from '../text/isolation.ts'
import { formatJson } from '../text/json.ts'
import { describeState, formatAge } from '../text/state.ts'

interface StatusOptions extends StorageOptions {
  json?: true
}

export function define(command: Command): void {
  command
    .description('Says how a job is doing or how it ended, and what it has used.')
    .argument('<name>', 'the job')
    .option('--json', 'as JSON')
  addStorage(command).addHelpText('after', epilogue)
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
  status: JobStatus,
  { isolation }: Pick<JobSpec, 'isolation'>,
  now: Date = new Date(),
): string[] {
  const { name, pid, startedAt, finishedAt, oomKills, usage, collected } = status
  const lines: [string, string | undefined][] = [
    ['name', name],
    ['state', status.active ? describeState(status, now) : describeEnd(status)],
    ['started', formatTime(startedAt, now)],
    ['ended', finishedAt ? formatTime(finishedAt, now) : undefined],
    ['pid', pid?.toString()],
    ['isolation', describeIsolation(isolation)],
    ['oom kills', oomKills > 0 ? String(oomKills) : undefined],
    ['output', describeOutput(status)],
    ...(usage ? describeUsage(usage, status.active) : []),
    ...collected.map((each): [string, string] => ['collected', describeCollected(each)]),
  ]
  return lines.filter(([, text]) => text !== undefined).map(([word, text]) => `${word.padEnd(9)}  ${text}`)
}

function describeEnd(status: JobStatus): string {
  const how = status.signal === null ? `exit status ${status.exitStatus}` : status.signal
  const hasMore = ['stopped', 'timed-out', 'oom'].includes(status.state)
  return hasMore ? `${status.state} (${how})` : describeState(status)
}

function describeOutput({ outputBytes, outputDroppedBytes }: JobStatus): string | undefined {
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
