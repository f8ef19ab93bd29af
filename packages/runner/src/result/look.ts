import { readCounters } from '../cgroup/index.ts'
import type { JobStatus, JobSummary } from '../job/status.ts'
import { isAlive } from '../store/identity.ts'
import { JobEndedError } from '../errors/mistakes.ts'
import type { JobFolder } from '../store/job-folder.ts'
import type { JobSpec } from '../store/job-spec.ts'
import { settleEnd } from './settle.ts'
import { activeStatus, endedStatus } from './status.ts'

/**
 * A job's status, from what is on disk and in its cgroups.
 * @throws {JobNotFoundError}
 */
export async function lookAt(folder: JobFolder): Promise<JobStatus> {
  const ended = await folder.readExit()
  if (ended) return endedStatus(folder.name, ended)
  const record = await folder.readInit()
  if (!record?.started) throw folder.notFound()
  if (!(await isAlive(record.init))) return endedStatus(folder.name, await settleEnd(folder))
  const spec = await folder.readSpec()
  const counters = await readCounters(spec.cgroups)
  return activeStatus(folder.name, record.started.pid, record.started.at, counters)
}

/** A job's status and what it was started with. */
export async function summarize(folder: JobFolder): Promise<JobSummary & { spec: JobSpec }> {
  const spec = await folder.readSpec()
  return { ...(await lookAt(folder)), command: spec.command, labels: spec.labels, spec }
}

/**
 * The spec of a job that runs.
 * @throws {JobEndedError} when it has ended; `attempted` says what was to be done with it.
 */
export async function requireActive(folder: JobFolder, attempted: string): Promise<JobSpec> {
  const { active } = await lookAt(folder)
  if (!active) throw new JobEndedError(folder.name, attempted)
  return folder.readSpec()
}
