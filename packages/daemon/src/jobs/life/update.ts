import { InvalidOptionError, type Limits } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import { changedDemand, largerDemand } from '../quota/demand.ts'
import { checkDemand } from '../quota/usage.ts'
import { encodeConfig } from '../record/config-json.ts'
import type { Rooms } from '../rooms.ts'
import { withRunning } from '../running.ts'

/**
 * Changes limits of a job that runs, within its owner's quota; attempts to come have them too. One change after the other:
 * else what is written last, and what is counted, might be of two.
 * @throws {DaemonError} `QUOTA_EXCEEDED`
 */
export async function updateLimits(rooms: Rooms, job: ManagedJob, limits: Limits): Promise<void> {
  const turn = job.updating.then(async () => change(rooms, job, limits))
  job.updating = turn.catch(() => {})
  await turn
}

async function change(rooms: Rooms, job: ManagedJob, limits: Limits): Promise<void> {
  const { runner } = rooms
  const before = job.record.demand
  const after = changedDemand(before, limits)
  await withRunning(job, 'update', async (attempt) => {
    take(rooms, job, after)
    try {
      await runner.update(attempt, limits)
    } catch (error) {
      // Some of the limits may have been written: what it may have now counts.
      const now = error instanceof InvalidOptionError ? before : largerDemand(before, after)
      if (!job.hasEnded) take(rooms, job, now, false)
      throw error
    }
  })
  await keepLimits(rooms, job, limits)
}

/** Has the job take another part of the quota. */
function take({ book }: Rooms, job: ManagedJob, demand: ManagedJob['record']['demand'], checked = true): void {
  const { record, owner } = job
  const former = record.demand
  book.give(owner, former)
  try {
    if (checked) checkDemand(record.quota, book.usage(owner, 0, Date.now()), demand)
    record.demand = demand
  } finally {
    book.take(owner, record.demand)
  }
}

async function keepLimits(rooms: Rooms, job: ManagedJob, limits: Limits): Promise<void> {
  const { store } = rooms
  await rooms.keep(job)
  if (job.record.restart.mode === 'never') return
  const config = await store.readConfig(job.name)
  await store.writeConfig(job.name, encodeConfig({ ...config, ...limits }))
}
