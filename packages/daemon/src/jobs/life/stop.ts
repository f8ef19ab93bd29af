import type { Signal } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import type { Rooms } from '../rooms.ts'
import type { Supervisor } from './supervisor.ts'

/** How a job is to be stopped. */
export interface StopWish {
  signal?: Signal
  graceMs?: number
}

/** Ends a job for good, whatever it does at the time; resolves once it has ended. */
export async function stopJob(rooms: Rooms, supervisor: Supervisor, job: ManagedJob, wish: StopWish): Promise<void> {
  if (job.hasEnded) return
  job.record.stop = { at: Date.now(), ...wish }
  while (job.phase === 'starting') await job.starting
  if (job.phase === 'queued' || job.phase === 'restarting') return supervisor.cancel(job)
  if (job.hasEnded) return
  // Before the job hears of it: who opens the storage root next then does not start it again.
  await rooms.keep(job)
  await endAttempt(rooms, job, wish)
  await untilEnded(job)
}

/** Has the library end the attempt that runs. */
export async function endAttempt({ runner }: Rooms, job: ManagedJob, { signal, graceMs }: StopWish): Promise<void> {
  if (job.phase !== 'active') return
  const options = {
    keepOutput: true,
    ...(signal !== undefined && { signal }),
    ...(graceMs !== undefined && { graceMs }),
  }
  await runner.stop(job.currentName!, options)
}

/** Resolves once a job has ended for good, or the signal is aborted. */
export async function untilEnded(job: ManagedJob, signal?: AbortSignal): Promise<void> {
  while (!job.hasEnded) {
    if (signal?.aborted) return
    await job.changed.next(signal)
  }
}
