/** A job that waits for its turn. */
export interface Waiting {
  name: string
  owner: string
  priority: number
  /** Of the same priority, the least comes first. */
  order: number
}

/** Jobs that wait, in the order of their turn. */
export class JobQueue<T extends Waiting = Waiting> {
  readonly #waiting: T[] = []
  readonly #byOwner = new Map<string, number>()

  get size(): number {
    return this.#waiting.length
  }

  /** How many of an owner's wait. */
  sizeOf(owner: string): number {
    return this.#byOwner.get(owner) ?? 0
  }

  add(job: T): void {
    this.#waiting.splice(this.#rankOf(job), 0, job)
    this.#byOwner.set(job.owner, this.sizeOf(job.owner) + 1)
  }

  /** False: it was not in it. */
  remove(job: Waiting): boolean {
    const rank = this.#rankOf(job)
    if (this.#waiting[rank]?.name !== job.name) return false
    this.#waiting.splice(rank, 1)
    const left = this.sizeOf(job.owner) - 1
    if (left > 0) this.#byOwner.set(job.owner, left)
    else this.#byOwner.delete(job.owner)
    return true
  }

  /** The first one that may run; one that may not is in nobody's way. */
  next(mayRun: (job: T) => boolean): T | undefined {
    return this.#waiting.find(mayRun)
  }

  /** How many are before a job. */
  positionOf(job: Waiting): number {
    return this.#rankOf(job)
  }

  /** How many there are before the place of a job, by binary search: `order` is unique. */
  #rankOf(job: Waiting): number {
    let [low, high] = [0, this.#waiting.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#waiting[middle]!, job)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.priority === other.priority ? one.order < other.order : one.priority > other.priority
}
