import type { ManagedDescription, ManagedSummary } from '@corral/api'
import { JobNotFoundError } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import { sized } from '../output/sizes.ts'
import type { Rooms } from '../rooms.ts'

/** Asks the library for what a job that runs uses now. */
export async function refreshStatus({ runner }: Rooms, job: ManagedJob): Promise<void> {
  const { current } = job
  if (job.phase !== 'active' || !current) return
  const status = await runner.status(job.nameOf(current.number)).catch((error: unknown) => {
    if (!(error instanceof JobNotFoundError)) throw error
  })
  if (job.current !== current || job.phase !== 'active') return
  if (status?.active) current.status = sized(status)
  // It has ended, and what comes of that is about to be known.
  else while (job.phase === 'active' && job.current === current) await job.changed.next()
}

/** All that is known of a job: of its latest attempt, which a job that has not been started has not. */
export async function describeJob(
  { runner, registry }: Rooms,
  job: ManagedJob,
  summary: ManagedSummary,
): Promise<ManagedDescription> {
  const attempt = registry.attemptsOf(job).at(-1)
  if (attempt === undefined) {
    return { ...summary, spec: null, ownUid: null, outputPath: '', collectedPath: null, changedPaths: [] }
  }
  const { spec, ownUid, outputPath, collectedPath, changedPaths } = await runner.inspect(attempt)
  return { ...summary, spec, ownUid, outputPath, collectedPath, changedPaths }
}
