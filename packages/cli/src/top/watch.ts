import type { RemoteRunner, Runner } from '@corral/client'

import { type AnySummary, isLive } from '../jobs/status.ts'
import { Sampler } from '../stats/sampler.ts'
import { watchUsage } from '../stats/usage.ts'
import type { Snapshot } from './row.ts'

/** What all jobs do, as often as is told what they use. */
export async function* watchJobs(
  runner: Runner,
  daemon: RemoteRunner | undefined,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  const listing = new Listing(runner, signal)
  const sampler = new Sampler()
  for await (const usage of watchUsage(runner, daemon, { names: [], signal })) {
    const samples = new Map(sampler.sample(usage).map((sample) => [sample.name, sample]))
    const jobs = await listing.read()
    yield {
      rows: jobs.filter(isLive).map((job) => ({ job, sample: samples.get(job.name) })),
      counts: countStates(jobs),
    }
  }
}

function countStates(jobs: readonly AnySummary[]): Snapshot['counts'] {
  return Object.fromEntries([...Map.groupBy(jobs, ({ state }) => state)].map(([state, all]) => [state, all.length]))
}

/** The jobs that there are: asked for again only when something has happened to one. */
class Listing {
  readonly #runner: Runner
  #jobs: readonly AnySummary[] | undefined
  #failure: { error: unknown } | undefined

  constructor(runner: Runner, signal: AbortSignal) {
    this.#runner = runner
    this.#follow(signal).catch((error: unknown) => (this.#failure = { error }))
  }

  async read(): Promise<readonly AnySummary[]> {
    if (this.#failure) throw this.#failure.error
    if (this.#jobs) return this.#jobs
    // What happens while it is read makes it be read again.
    const read = this.#runner.list()
    this.#jobs = []
    const jobs = await read
    this.#jobs &&= jobs
    return jobs
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#runner.events({ signal })) this.#jobs = undefined
  }
}
