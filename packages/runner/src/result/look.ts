import { isPopulated, readCounters } from '../cgroup/index.ts'
import { JobEndedError } from '../errors/mistakes.ts'
import type { JobStatus, JobSummary } from '../job/status.ts'
import { isAlive } from '../store/identity.ts'
import { outputSize } from '../output/size.ts'
import type { JobFolder, Started } from '../store/job-folder.ts'
import type { JobSpec, ProcessIdentity } from '../store/job-spec.ts'
import type { FieldList } from '../store/record.ts'
import { settleEnd } from './settle.ts'
import { activeStatus, endedStatus } from './status.ts'

/** How a job has ended, or since when it runs. */
type Look = { end: FieldList } | { end: undefined; started: Started }

/**
 * How a job has ended, when that is on disk. Whether the init of one that has no record lives is left open.
 * @throws {JobNotFoundError}
 */
export async function readEnd(folder: JobFolder): Promise<FieldList | undefined> {
  const end = await folder.readExit()
  if (!end && !(await folder.readInit())?.started) throw folder.notFound()
  return end
}

/** Looks whether a job has ended, on disk and at its init. */
async function lookForEnd(folder: JobFolder): Promise<Look> {
  const end = await folder.readExit()
  if (end) return { end }
  const record = await folder.readInit()
  if (!record?.started) throw folder.notFound()
  if (await isInitAlive(folder, record.init)) return { end, started: record.started }
  return { end: await settleEnd(folder) }
}

/** Whether a job's init lives. Where it cannot be seen, processes in the job's cgroup are as good a sign. */
async function isInitAlive(folder: JobFolder, init: ProcessIdentity): Promise<boolean> {
  try {
    return await isAlive(init)
  } catch (error) {
    const spec = await folder.findSpec()
    if (spec?.cgroups && (await isPopulated(spec.cgroups.cgroup))) return true
    throw error
  }
}

/**
 * A job's status, from what is on disk and in its cgroups. Without a spec it has no usage.
 * @throws {JobNotFoundError}
 */
export async function lookAt(folder: JobFolder): Promise<JobStatus> {
  const look = await lookForEnd(folder)
  if (look.end) return endedStatus(folder.name, look.end)
  const spec = await folder.findSpec()
  const [counters, output] = await Promise.all([
    spec?.cgroups ? readCounters(spec.cgroups) : {},
    outputSize(folder, spec?.outputMaxBytes ?? null),
  ])
  if (Object.keys(counters).length > 0) return activeStatus(folder.name, look.started, counters, output)
  // init removes the cgroups, then publishes the record.
  const end = await folder.readExit()
  return end ? endedStatus(folder.name, end) : activeStatus(folder.name, look.started, null, output)
}

/** A job's status and what it was started with. */
export async function summarize(folder: JobFolder): Promise<JobSummary & { spec: JobSpec }> {
  const spec = await folder.readSpec()
  return { ...(await lookAt(folder)), command: spec.command, labels: spec.labels, spec }
}

/**
 * Makes sure that a job runs.
 * @throws {JobNotFoundError}
 * @throws {JobEndedError} when it has ended; `attempted` says what was to be done with it.
 */
export async function requireActive(folder: JobFolder, attempted: string): Promise<void> {
  if ((await lookForEnd(folder)).end) throw new JobEndedError(folder.name, attempted)
}
