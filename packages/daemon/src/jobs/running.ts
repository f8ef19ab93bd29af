import { CorralError, JobEndedError, JobNotFoundError } from '@corral/runner'

import type { ManagedJob } from './job.ts'

/**
 * Does something with the attempt of a job that runs; `attempted` says what, in words.
 * @throws {JobEndedError} when it has ended for good.
 * @throws {CorralError} `CONTROL_FAILED` while it waits.
 */
export async function withRunning<T>(
  job: ManagedJob,
  attempted: string,
  action: (attempt: string) => Promise<T>,
): Promise<T> {
  if (job.hasEnded) throw new JobEndedError(job.name, attempted)
  if (job.phase !== 'active') {
    const why = job.phase === 'queued' ? 'waits for its turn' : 'is about to be started'
    throw new CorralError('CONTROL_FAILED', `could not ${attempted} job ${job.name}: it ${why}`)
  }
  try {
    return await action(job.currentName!)
  } catch (error) {
    // The library knows the attempt, and not the job.
    const isOver =
      error instanceof JobEndedError || (error instanceof JobNotFoundError && error.jobName === job.currentName)
    throw isOver ? new JobEndedError(job.name, attempted) : error
  }
}
