import { parseOomKills, parseUsage } from '../cgroup/index.ts'
import { readCollected } from '../files/collected.ts'
import { signalName } from '../job/signal.ts'
import type { JobState, JobStatus } from '../job/status.ts'
import type { OutputSize } from '../output/size.ts'
import type { Started } from '../store/job-folder.ts'
import type { FieldList } from '../store/record.ts'

const sigkill = 9

/** The status of a job that has ended, from its exit record. */
export function endedStatus(name: string, end: FieldList): JobStatus {
  const counters = end.startingWith('read.')
  const oomKills = parseOomKills(counters)
  const state = endedState(end, oomKills)
  const [exited, signaled] = [end.number('exited'), end.number('signaled')]
  return {
    name,
    state,
    active: false,
    exitStatus: exited ?? null,
    signal: signaled === undefined ? null : signalName(signaled),
    oom: state === 'oom',
    oomKills,
    timedOut: state === 'timed-out',
    // A record that a crash of the host has cut short says nothing: the beginning of time is at least a time.
    startedAt: new Date(end.number('started') ?? 0),
    finishedAt: new Date(end.number('finished') ?? 0),
    pid: null,
    usage: state === 'lost' || Object.keys(counters).length === 0 ? null : parseUsage(counters, false),
    outputBytes: end.number('output') ?? null,
    outputDroppedBytes: end.number('dropped') ?? null,
    collected: readCollected(end),
  }
}

/** The first reason wins: what was asked of the job before its end goes before how it then ended. */
function endedState(end: FieldList, oomKills: number): JobState {
  if ((end.number('exited') ?? end.number('signaled')) === undefined) return 'lost'
  const finished = end.bigint('monotonic') ?? 0n
  const [stopping, timedOut] = [end.bigint('stopping'), end.bigint('timedout')]
  if (stopping !== undefined && stopping <= finished && !(timedOut !== undefined && timedOut < stopping))
    return 'stopped'
  if (timedOut !== undefined && timedOut <= finished) return 'timed-out'
  if (end.number('signaled') === undefined) return 'exited'
  return end.number('signaled') === sigkill && oomKills > 0 ? 'oom' : 'signaled'
}

/** The status of a job that runs; its usage is unknown when there are no counters. */
export function activeStatus(
  name: string,
  { pid, at }: Started,
  counters: Record<string, string> | null,
  output: OutputSize,
): JobStatus {
  return {
    name,
    state: 'active',
    active: true,
    exitStatus: null,
    signal: null,
    oom: false,
    oomKills: counters ? parseOomKills(counters) : 0,
    timedOut: false,
    startedAt: at,
    finishedAt: null,
    pid,
    usage: counters && parseUsage(counters, true),
    ...output,
    collected: [],
  }
}
