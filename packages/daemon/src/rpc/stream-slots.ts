import { DaemonError } from '../errors.ts'

/** How many streams there may be, of each identity and of all. */
export class StreamSlots {
  readonly #maxEach: number
  readonly #maxAll: number
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor(maxEach: number, maxAll: number) {
    this.#maxEach = maxEach
    this.#maxAll = maxAll
  }

  /**
   * Takes a slot; what it gives lets go of it, once.
   * @throws {DaemonError} `TOO_MANY_STREAMS`
   */
  take(identity: string): () => void {
    const taken = this.#taken.get(identity) ?? 0
    if (taken >= this.#maxEach) throw full(`${identity} has ${taken} streams open, and may have no more`, this.#maxEach)
    if (this.#all >= this.#maxAll) throw full(`${this.#all} streams are open, and there may be no more`, this.#maxAll)
    this.#taken.set(identity, taken + 1)
    this.#all++
    let isTaken = true
    return () => {
      if (isTaken) this.#release(identity)
      isTaken = false
    }
  }

  #release(identity: string): void {
    const left = this.#taken.get(identity)! - 1
    if (left === 0) this.#taken.delete(identity)
    else this.#taken.set(identity, left)
    this.#all--
  }
}

function full(message: string, limit: number): DaemonError {
  return new DaemonError('TOO_MANY_STREAMS', message, { limit: String(limit) })
}
