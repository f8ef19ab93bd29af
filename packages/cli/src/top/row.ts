import type { AnySummary } from '../jobs/status.ts'
import type { Sample } from '../stats/sampler.ts'

/** A job in the table; without a sample when it does not run now. */
export interface Row {
  job: AnySummary
  sample: Sample | undefined
}

/** All that is shown at a time. */
export interface Snapshot {
  rows: readonly Row[]
  /** How many jobs are in which state, ended ones included. */
  counts: Readonly<Partial<Record<string, number>>>
}
