/**
 * How long ended jobs and their output are kept. The first bound that is reached removes the one that ended first, and a
 * bound of all together that of the owner who has most: nobody's jobs go because somebody else runs many.
 */
export interface RetentionOptions {
  /** Milliseconds after its end. Default: 7 days. */
  maxAgeMs?: number
  /** How many. Default 10,000. */
  maxJobs?: number
  /** Bytes of output that they hold together. Default: no bound. */
  maxBytes?: number
}

const dayMs = 86_400_000

export const defaultRetention = { maxAgeMs: 7 * dayMs, maxJobs: 10_000, maxBytes: Infinity } as const

/** A job that has ended. */
export interface EndedJob {
  name: string
  owner: string
  /** Milliseconds since the epoch. */
  finishedAt: number
  /** Bytes of output that it holds. */
  bytes: number
}

/** What an owner's ended jobs are together. */
interface Share {
  jobs: number
  bytes: number
}

/** Ended jobs, the one that ended first before all others. */
export class EndedJobs {
  readonly #jobs: EndedJob[] = []
  readonly #shares = new Map<string, Share>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(job: EndedJob): void {
    // Nearly always behind the last one.
    let at = this.#jobs.length
    while (at > 0 && this.#jobs[at - 1]!.finishedAt > job.finishedAt) at--
    this.#jobs.splice(at, 0, job)
    this.#count(job, 1)
  }

  remove(name: string): void {
    const at = this.#jobs.findIndex((job) => job.name === name)
    if (at < 0) return
    for (const job of this.#jobs.splice(at, 1)) this.#count(job, -1)
  }

  #count({ owner, bytes }: EndedJob, times: 1 | -1): void {
    const { jobs: count, bytes: held } = this.#shares.get(owner) ?? { jobs: 0, bytes: 0 }
    const share = { jobs: count + times, bytes: held + times * bytes }
    if (share.jobs > 0) this.#shares.set(owner, share)
    else this.#shares.delete(owner)
    this.#bytes += times * bytes
  }

  /** The one that is to go now, or in how many milliseconds the next one is; undefined: none, unless another job ends. */
  due(options: RetentionOptions, now: number): { expired: string } | { nextMs: number | undefined } {
    const { maxAgeMs, maxJobs, maxBytes } = { ...defaultRetention, ...options }
    const [first] = this.#jobs
    if (!first) return { nextMs: undefined }
    const ageMs = now - first.finishedAt
    if (ageMs >= maxAgeMs) return { expired: first.name }
    if (this.#jobs.length > maxJobs) return { expired: this.#firstOfMost('jobs').name }
    if (this.#bytes > maxBytes) return { expired: this.#firstOfMost('bytes').name }
    return { nextMs: maxAgeMs - ageMs }
  }

  /** The job that ended first of the owner who has most; of owners who have as much, that of all of them. */
  #firstOfMost(what: keyof Share): EndedJob {
    const most = Math.max(...this.#shares.values().map((share) => share[what]))
    return this.#jobs.find(({ owner }) => this.#shares.get(owner)![what] === most)!
  }
}
