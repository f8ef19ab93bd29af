import { DaemonError } from '../errors.ts'
import { Shares } from './shares.ts'

/** How many streams there may be, of each identity and of all. */
export class StreamSlots {
  readonly #streams: Shares

  constructor(maxEach: number, maxAll: number) {
    this.#streams = new Shares(maxEach, maxAll)
  }

  /**
   * Takes a slot; what it gives lets go of it, once.
   * @throws {DaemonError} `TOO_MANY_STREAMS`
   */
  take(identity: string): () => void {
    const { maxEach, maxAll, taken } = this.#streams
    const bound = this.#streams.take(identity, 1)
    if (bound === 'each') {
      throw full(`${identity} has ${this.#streams.takenBy(identity)} streams open, and may have no more`, maxEach)
    }
    if (bound === 'all') throw full(`${taken} streams are open, and there may be no more`, maxAll)
    let isTaken = true
    return () => {
      if (isTaken) this.#streams.give(identity, 1)
      isTaken = false
    }
  }
}

function full(message: string, limit: number): DaemonError {
  return new DaemonError('TOO_MANY_STREAMS', message, { limit: String(limit) })
}
