import type { JobStatus, Launched } from '@corral/runner'

/** A status in which the size of the output is a number: what is not known is nothing. */
export interface SizedStatus extends JobStatus {
  outputBytes: number
  outputDroppedBytes: number
}

/** The status alone of whatever has one: it is kept for as long as the job is. */
export function sized(found: JobStatus): SizedStatus {
  const { name, state, active, exitStatus, signal, oom, oomKills, timedOut } = found
  const { startedAt, finishedAt, pid, usage, collected, outputBytes, outputDroppedBytes } = found
  return {
    name,
    state,
    active,
    exitStatus,
    signal,
    oom,
    oomKills,
    timedOut,
    startedAt,
    finishedAt,
    pid,
    usage,
    collected,
    outputBytes: outputBytes ?? 0,
    outputDroppedBytes: outputDroppedBytes ?? 0,
  }
}

/** The status of a job that has begun just now. */
export function begunStatus({ name, pid, startedAt }: Launched): SizedStatus {
  return {
    name,
    state: 'active',
    active: true,
    exitStatus: null,
    signal: null,
    oom: false,
    oomKills: 0,
    timedOut: false,
    startedAt,
    finishedAt: null,
    pid,
    usage: null,
    collected: [],
    outputBytes: 0,
    outputDroppedBytes: 0,
  }
}
