import type { JobStatus } from '@corral/runner'

/** The status of a job that has ended well, for specs to change. */
export function endedJob(differences: Partial<JobStatus> = {}): JobStatus {
  return {
    name: 'job.x',
    state: 'exited',
    active: false,
    exitStatus: 0,
    signal: null,
    oom: false,
    oomKills: 0,
    timedOut: false,
    startedAt: new Date('2026-01-01T10:00:00Z'),
    finishedAt: new Date('2026-01-01T10:00:05Z'),
    pid: null,
    usage: null,
    outputBytes: 0,
    outputDroppedBytes: 0,
    collected: [],
    ...differences,
  }
}
