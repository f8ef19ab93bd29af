import { JobNotFoundError } from '../errors/mistakes.ts'
import type { JobSummary } from '../job/status.ts'
import { forEachAbreast } from '../store/abreast.ts'
import { JobFolder } from '../store/job-folder.ts'
import type { Storage } from '../store/storage.ts'
import { lookAt } from './look.ts'

/** All jobs of a storage root that have these labels, active and ended, in the order of their start. */
export async function listJobs(storage: Storage, labels: Readonly<Record<string, string>>): Promise<JobSummary[]> {
  const found: JobSummary[] = []
  await forEachAbreast(await storage.names(), async (name) => {
    const job = await summarizeIfThere(new JobFolder(storage, name))
    if (job && Object.entries(labels).every(([key, value]) => job.labels[key] === value)) found.push(job)
  })
  return found.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.name < b.name ? -1 : 1))
}

/** Undefined: it was removed meanwhile, or has not begun yet. One whose spec is damaged has neither command nor labels. */
async function summarizeIfThere(folder: JobFolder): Promise<JobSummary | undefined> {
  try {
    const spec = await folder.findSpec()
    return { ...(await lookAt(folder)), command: spec?.command ?? [], labels: spec?.labels ?? {} }
  } catch (error) {
    if (error instanceof JobNotFoundError) return undefined
    throw error
  }
}
