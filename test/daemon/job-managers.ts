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

/** A job that ends when its standard input does: at once when `letGo` is written to it. */
export const untilInput = ['sh', '-c', 'read line; echo "$line"']

/** Ends a job that reads `untilInput`. */
export async function letGo(jobs: JobManager, name: string): Promise<void> {
  await jobs.writeInput(name, { offset: 0, data: Buffer.from('go\n'), end: true })
  await jobs.wait(name, never)
}

/** The types of so many events of all jobs from a token on, with the names. */
export async function eventsAfter(jobs: JobManager, token: string, count: number): Promise<string[]> {
  const told: string[] = []
  for await (const { event } of jobs.watch(token, never)) {
    if (event) told.push(`${event.type} ${event.name}`)
    if (told.length === count) break
  }
  return told
}

/** A token: what happens from now on is after it. */
export async function tokenNow(jobs: JobManager): Promise<string> {
  for await (const { token } of jobs.watch(undefined, never)) return token
  throw new Error('the journal has ended')
}
