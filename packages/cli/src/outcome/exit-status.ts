import { constants } from 'node:os'

import type { JobStatus } from '@corral/runner'

/** `timeout`'s exit status when time ran out. */
const timedOut = 124
/** Nobody saw how the job ended: a failure of ours. */
const unknown = 125
/** How shells say which signal ended a program. */
const signalBase = 128

/** The exit status of `corral run`, `corral exec` and `corral wait` for what has ended. */
export function exitStatusOf(status: Pick<JobStatus, 'exitStatus' | 'signal'> & { state: string }): number {
  if (status.state === 'timed-out') return timedOut
  if (status.exitStatus !== null) return status.exitStatus
  if (status.signal !== null) return signalBase + signalNumber(status.signal)
  return unknown
}

function signalNumber(name: string): number {
  const realTime = /^SIGRTMIN\+(\d+)$/.exec(name)
  return realTime ? 34 + Number(realTime[1]) : (constants.signals[name as NodeJS.Signals] ?? 0)
}
