import { DaemonError } from '../errors.ts'

/** What one request holds. */
export interface Held {
  /** A request's body, of which each byte takes room. @throws {DaemonError} `RATE_LIMITED` where there is none left. */
  counted(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Gives the room back, once. */
  release(): void
}

/**
 * How many bytes of requests are held at once, of each identity and of all: what has come of a request stays in memory
 * until it has been answered, and a client need not send the last byte.
 */
export class RequestRoom {
  readonly #maxEach: number
  readonly #maxAll: number
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor(maxEach: number, maxAll: number) {
    this.#maxEach = maxEach
    this.#maxAll = maxAll
  }

  /** Room for a request that comes. */
  hold(identity: string): Held {
    let bytes = 0
    let isOver = false
    const take = (more: number): void => {
      // Nobody gives back any more what comes of one that is over.
      if (isOver) return
      this.#take(identity, more)
      bytes += more
    }
    return {
      async *counted(body) {
        // Not `for await`: its end would end the request's stream as well, and with it the answer.
        const chunks = body[Symbol.asyncIterator]()
        for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
          take(next.value.length)
          yield next.value
        }
      },
      release: () => {
        isOver = true
        this.#give(identity, bytes)
        bytes = 0
      },
    }
  }

  #take(identity: string, bytes: number): void {
    const taken = (this.#taken.get(identity) ?? 0) + bytes
    if (taken > this.#maxEach) throw full(`requests of ${identity}`, this.#maxEach)
    if (this.#all + bytes > this.#maxAll) throw full('all requests', this.#maxAll)
    this.#taken.set(identity, taken)
    this.#all += bytes
  }

  #give(identity: string, bytes: number): void {
    const left = (this.#taken.get(identity) ?? 0) - bytes
    if (left > 0) this.#taken.set(identity, left)
    else this.#taken.delete(identity)
    this.#all -= bytes
  }
}

function full(whose: string, limit: number): DaemonError {
  const message = `${whose} that are not answered yet may have ${limit} bytes together: try again`
  return new DaemonError('RATE_LIMITED', message, { limit: String(limit), retryAfterMs: '1000' })
}
