import type { JobStatus } from '@corral/runner'

import { formatDuration } from './duration.ts'

/** How a job is doing, in a few words: `active for 2m 10s`, `exited 1`, `signaled SIGSEGV`, `oom`. */
export function describeState(status: JobStatus, now: Date = new Date()): string {
  switch (status.state) {
    case 'active':
      return `active for ${formatDuration(Math.max(0, now.getTime() - status.startedAt.getTime()))}`
    case 'exited':
      return `exited ${status.exitStatus}`
    case 'signaled':
      return `signaled ${status.signal}`
    default:
      return status.state
  }
}

/** When something was, seen from now: `3m 10s ago`. */
export function formatAge(at: Date, now: Date = new Date()): string {
  return `${formatDuration(Math.max(0, now.getTime() - at.getTime()))} ago`
}
