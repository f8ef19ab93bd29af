/** How many jobs may run at once; one that waits to be started again keeps its place. */
export interface ActiveBounds {
  /** Most jobs that run. Default: no bound. */
  maxActive?: number
  /** Most jobs of one owner that run. Default: no bound. */
  maxActivePerOwner?: number
}

/** Who has a place among the jobs that run. */
export class Slots {
  readonly #bounds: ActiveBounds
  readonly #byOwner = new Map<string, number>()
  #taken = 0

  constructor(bounds: ActiveBounds) {
    this.#bounds = bounds
  }

  hasRoom(owner: string): boolean {
    const { maxActive = Infinity, maxActivePerOwner = Infinity } = this.#bounds
    return this.#taken < maxActive && (this.#byOwner.get(owner) ?? 0) < maxActivePerOwner
  }

  take(owner: string): void {
    this.#taken++
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0) + 1)
  }

  give(owner: string): void {
    this.#taken--
    const left = (this.#byOwner.get(owner) ?? 0) - 1
    if (left > 0) this.#byOwner.set(owner, left)
    else this.#byOwner.delete(owner)
  }
}
