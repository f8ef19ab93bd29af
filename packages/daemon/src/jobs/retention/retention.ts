/** How long ended jobs and their output are kept; the first bound that is reached removes the one that ended first. */
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
  /** Milliseconds since the epoch. */
  finishedAt: number
  /** Bytes of output that it holds. */
  bytes: number
}

/** Ended jobs, the one that ended first before all others. */
export class EndedJobs {
  readonly #jobs: EndedJob[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(job: EndedJob): void {
    // Nearly always behind the last one.
    let at = this.#jobs.length
    while (at > 0 && this.#jobs[at - 1]!.finishedAt > job.finishedAt) at--
    this.#jobs.splice(at, 0, job)
    this.#bytes += job.bytes
  }

  remove(name: string): void {
    const at = this.#jobs.findIndex((job) => job.name === name)
    if (at < 0) return
    this.#bytes -= this.#jobs[at]!.bytes
    this.#jobs.splice(at, 1)
  }

  /** The one that is to go now, or in how many milliseconds the next one is; undefined: none, unless another job ends. */
  due(options: RetentionOptions, now: number): { expired: string } | { nextMs: number | undefined } {
    const { maxAgeMs, maxJobs, maxBytes } = { ...defaultRetention, ...options }
    const [first] = this.#jobs
    if (!first) return { nextMs: undefined }
    const ageMs = now - first.finishedAt
    const isKept = this.#jobs.length <= maxJobs && this.#bytes <= maxBytes && ageMs < maxAgeMs
    return isKept ? { nextMs: maxAgeMs - ageMs } : { expired: first.name }
  }
}
