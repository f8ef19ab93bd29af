import { JobNotFoundError } from '../errors/mistakes.ts'
import type { JobSummary } from '../job/status.ts'
import { JobFolder } from '../store/job-folder.ts'
import type { Storage } from '../store/storage.ts'
import { summarize } from './look.ts'

/** How many jobs are looked at side by side. */
const abreast = 16

/** All jobs of a storage root that have these labels, active and ended, in the order of their start. */
export async function listJobs(storage: Storage, labels: Readonly<Record<string, string>>): Promise<JobSummary[]> {
  const names = await storage.names()
  const found: JobSummary[] = []
  const look = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const job = await summarizeIfThere(new JobFolder(storage, name))
      if (job && Object.entries(labels).every(([key, value]) => job.labels[key] === value)) found.push(job)
    }
  }
  await Promise.all(Array.from({ length: abreast }, look))
  return found.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.name < b.name ? -1 : 1))
}

/** Undefined: it was removed meanwhile, or has not begun yet. */
async function summarizeIfThere(folder: JobFolder): Promise<JobSummary | undefined> {
  try {
    const { spec: _, ...summary } = await summarize(folder)
    return summary
  } catch (error) {
    if (error instanceof JobNotFoundError) return undefined
    throw error
  }
}
