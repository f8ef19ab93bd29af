/** How much of something is taken at once, by each identity and by all. */
export class Shares {
  readonly maxEach: number
  readonly maxAll: number
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor(maxEach: number, maxAll: number) {
    this.maxEach = maxEach
    this.maxAll = maxAll
  }

  takenBy(identity: string): number {
    return this.#taken.get(identity) ?? 0
  }

  /** What all have taken. */
  get taken(): number {
    return this.#all
  }

  /** Takes so much; or says whose bound does not allow it, and takes nothing. */
  take(identity: string, amount: number): 'each' | 'all' | undefined {
    const taken = this.takenBy(identity) + amount
    if (taken > this.maxEach) return 'each'
    if (this.#all + amount > this.maxAll) return 'all'
    this.#taken.set(identity, taken)
    this.#all += amount
    return undefined
  }

  give(identity: string, amount: number): void {
    const left = this.takenBy(identity) - amount
    if (left > 0) this.#taken.set(identity, left)
    else this.#taken.delete(identity)
    this.#all -= amount
  }
}
