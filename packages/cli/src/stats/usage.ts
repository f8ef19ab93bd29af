import type { RemoteRunner, Runner } from '@corral/client'
import type { Usage } from '@corral/runner'
import { setInterval } from 'node:timers/promises'

import { ownerOf } from '../jobs/status.ts'

const intervalMs = 1000

/** What a job that runs has used up to now. */
export interface JobUsage {
  name: string
  owner: string
  at: Date
  startedAt: Date
  usage: Usage | null
  memoryMax: number | string | undefined
}

export interface UsageOptions {
  /** None: all jobs that run. */
  names: readonly string[]
  signal?: AbortSignal
}

/** What jobs use, at once and then once a second; those that do not run are left out. */
export function watchUsage(
  runner: Pick<Runner, 'list' | 'inspect'>,
  daemon: Pick<RemoteRunner, 'stats'> | undefined,
  options: UsageOptions,
): AsyncIterable<JobUsage[]> {
  return daemon ? watchManaged(daemon, options) : watchHere(runner, options)
}

async function* watchHere(
  runner: Pick<Runner, 'list' | 'inspect'>,
  { names, signal }: UsageOptions,
): AsyncGenerator<JobUsage[]> {
  const wanted = new Set(names)
  yield readUsage(runner, wanted)
  for await (const _ of setInterval(intervalMs, undefined, { signal })) yield readUsage(runner, wanted)
}

async function readUsage(runner: Pick<Runner, 'list' | 'inspect'>, wanted: ReadonlySet<string>): Promise<JobUsage[]> {
  const jobs = await runner.list()
  const running = jobs.filter(({ name, state }) => state === 'active' && (wanted.size === 0 || wanted.has(name)))
  return Promise.all(
    running.map(async (job) => ({
      name: job.name,
      owner: ownerOf(job),
      at: new Date(),
      startedAt: job.startedAt!,
      usage: job.usage,
      memoryMax: await memoryMaxOf(runner, job.name),
    })),
  )
}

/** Undefined: there is no limit, or the job has gone meanwhile. */
async function memoryMaxOf(runner: Pick<Runner, 'inspect'>, name: string): Promise<number | string | undefined> {
  const description = await runner.inspect(name).catch(() => undefined)
  return description?.spec?.limits.memoryMax
}

async function* watchManaged(
  daemon: Pick<RemoteRunner, 'stats'>,
  { names, signal }: UsageOptions,
): AsyncGenerator<JobUsage[]> {
  for await (const { at, jobs } of daemon.stats(names, { intervalMs, ...(signal && { signal }) })) {
    yield jobs.map(({ name, owner, startedAt, usage, limits }) => {
      return { name, owner: owner || '-', at, startedAt, usage, memoryMax: limits.memoryMax }
    })
  }
}
