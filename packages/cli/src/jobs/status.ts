import type { ManagedDescription, ManagedStatus, ManagedSummary } from '@corral/api'
import type { JobDescription, JobStatus, JobSummary } from '@corral/runner'

/** A job's status, as this host or a daemon gives it. */
export type AnyStatus = JobStatus | ManagedStatus
export type AnySummary = JobSummary | ManagedSummary
export type AnyDescription = JobDescription | ManagedDescription

/** Whether a job has not ended for good: it runs, waits for its turn, or is to be started again. */
export function isLive({ state }: Pick<AnyStatus, 'state'>): boolean {
  return state === 'active' || state === 'queued' || state === 'restarting'
}

/** What it does, when it is live, in a word for a sentence. */
export function doing({ state }: Pick<AnyStatus, 'state'>): string {
  return state === 'active' ? 'running' : state
}

/** Whether it is a daemon's job. */
export function isManaged(status: AnyStatus): status is ManagedStatus {
  return 'owner' in status
}

/** Whose it is: the identity that a daemon knows; `-` for nobody's, and on this host. */
export function ownerOf(status: AnyStatus): string {
  return (isManaged(status) && status.owner) || '-'
}
