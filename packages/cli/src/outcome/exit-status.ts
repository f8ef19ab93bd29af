import { constants } from 'node:os'

import type { ManagedFailure } from '@corral/api'
import type { JobStatus } from '@corral/runner'

/** `timeout`'s exit status when time ran out. */
const timedOut = 124
const notExecutable = 126
const notFound = 127
/** Nobody saw how the job ended: a failure of ours. */
const unknown = 125
/** How shells say which signal ended a program. */
const signalBase = 128

/** What has ended: a job, of this host or a daemon's, or a further command. */
interface Ended extends Pick<JobStatus, 'exitStatus' | 'signal'> {
  state: string
  failure?: ManagedFailure | null
}

/** The exit status of `corral run`, `corral exec` and `corral wait` for what has ended. */
export function exitStatusOf(status: Ended): number {
  if (status.state === 'timed-out') return timedOut
  if (status.exitStatus !== null) return status.exitStatus
  if (status.signal !== null) return signalBase + signalNumber(status.signal)
  return status.failure ? exitStatusOfFailure(status.failure.code) : unknown
}

/** The exit status for a failure of ours, by its code. */
export function exitStatusOfFailure(code: string): number {
  if (code === 'COMMAND_NOT_FOUND') return notFound
  return code === 'COMMAND_NOT_EXECUTABLE' ? notExecutable : unknown
}

function signalNumber(name: string): number {
  const realTime = /^SIGRTMIN\+(\d+)$/.exec(name)
  return realTime ? 34 + Number(realTime[1]) : (constants.signals[name as NodeJS.Signals] ?? 0)
}
