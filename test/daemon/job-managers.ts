import { join } from 'node:path'

import {
  JobManager,
  type JobManagerOptions,
  type OutputPart,
  type StartOrder,
} from '../../packages/daemon/src/jobs/index.ts'
import type { JobConfig } from '@corral/runner'

import { test as base } from '../support/test.ts'

/** What a test of a daemon's jobs has. */
export interface JobFixtures {
  /** Opens the jobs of the test's storage root; they are left at the end, and all jobs removed. */
  openJobs: (options?: Partial<JobManagerOptions>) => Promise<JobManager>
  jobs: JobManager
}

export const test = base.extend<JobFixtures>({
  openJobs: async ({ folder, openRunner }, use) => {
    const managers: JobManager[] = []
    // What it removes at the end is what is left by then.
    void openRunner
    await use(async (options = {}) => {
      const manager = await JobManager.open({ storageRoot: join(folder, 'root'), minFreeBytes: 0, ...options })
      managers.push(manager)
      return manager
    })
    for (const manager of managers) await manager.close()
  },
  jobs: async ({ openJobs }, use) => {
    await use(await openJobs())
  },
})

/** An order as most clients give it. */
export function order(config: JobConfig, more: Partial<StartOrder> = {}): StartOrder {
  return {
    config,
    owner: 'alice',
    restart: { mode: 'never' },
    priority: 0,
    whenFull: 'queue',
    quota: {},
    streamsInput: false,
    ...more,
  }
}

/** All of a job's output, to its end for good. */
export async function outputOf(jobs: JobManager, name: string, from = 0): Promise<string> {
  const parts = jobs.output(name, { from, follow: true, signal: never })
  return Buffer.concat((await Array.fromAsync(parts)).map(dataOf)).toString()
}

export function dataOf(part: OutputPart): Uint8Array {
  return 'data' in part ? part.data : new Uint8Array()
}

/** A signal that nobody aborts. */
export const never = new AbortController().signal
