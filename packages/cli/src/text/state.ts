import type { ManagedStatus } from '@corral/api'

import type { AnyStatus } from '../jobs/status.ts'
import { formatDuration } from './duration.ts'

/** How a job is doing, in a few words: `active for 2m 10s`, `exited 1`, `signaled SIGSEGV`, `queued, 2 before it`. */
export function describeState(status: AnyStatus, now: Date = new Date()): string {
  switch (status.state) {
    case 'active':
      return `active for ${formatSince(status.startedAt ?? now, now)}${describeAttempt(status)}`
    case 'exited':
      return `exited ${status.exitStatus}`
    case 'signaled':
      return `signaled ${status.signal}`
    case 'queued':
      return status.queuePosition ? `queued, ${status.queuePosition} before it` : 'queued'
    case 'restarting':
      return describeRestart(status, now)
    default:
      return status.state
  }
}

function describeAttempt(status: AnyStatus): string {
  return 'attempt' in status && status.attempt > 1 ? ` (attempt ${status.attempt})` : ''
}

function describeRestart({ attempt, restartAt }: ManagedStatus, now: Date): string {
  const when = restartAt ? ` in ${formatSince(now, restartAt)}` : ''
  return `restarting${when} (attempt ${attempt + 1})`
}

/** When something was, seen from now: `3m 10s ago`. */
export function formatAge(at: Date, now: Date = new Date()): string {
  return `${formatSince(at, now)} ago`
}

function formatSince(begin: Date, end: Date): string {
  return formatDuration(Math.max(0, end.getTime() - begin.getTime()))
}
