import type { JobSummary } from '@corral/runner'

import { ManagedJob } from '../job.ts'
import { sized } from '../output/sizes.ts'
import { type JobRecord, shownCommand } from '../record/record.ts'
import type { JobRegistry } from '../registry.ts'

/** Takes in a job that has no record: the library has started it for somebody else, or its record was damaged. */
export function adopt(registry: JobRegistry, summary: JobSummary): ManagedJob | undefined {
  if (registry.has(summary.name) || registry.ofAttempt(summary.name)) return undefined
  const job = new ManagedJob(adoptedRecord(summary), 'active')
  job.current = { number: 1, status: sized(summary) }
  registry.add(job)
  registry.show(job)
  registry.claim(job.name, job)
  return job
}

function adoptedRecord({ name, startedAt, command, labels }: JobSummary): JobRecord {
  return {
    version: 1,
    name,
    owner: '',
    requestId: null,
    fingerprint: null,
    createdAt: startedAt.getTime(),
    restart: { mode: 'never' },
    priority: 0,
    streamsInput: false,
    command: shownCommand(command),
    labels,
    demand: { memoryBytes: null, cpus: null },
    quota: {},
    promised: false,
    plan: { do: 'start' },
    attempts: [],
    starts: 0,
    forgottenBytes: 0,
    quickRestarts: 0,
    stop: null,
  }
}
