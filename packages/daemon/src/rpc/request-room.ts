import { DaemonError } from '../errors.ts'
import { Shares } from './shares.ts'

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
  readonly #bytes: Shares

  constructor(maxEach: number, maxAll: number) {
    this.#bytes = new Shares(maxEach, maxAll)
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
        this.#bytes.give(identity, bytes)
        bytes = 0
      },
    }
  }

  #take(identity: string, bytes: number): void {
    const bound = this.#bytes.take(identity, bytes)
    if (bound === 'each') throw full(`requests of ${identity}`, this.#bytes.maxEach)
    if (bound === 'all') throw full('all requests', this.#bytes.maxAll)
  }
}

function full(whose: string, limit: number): DaemonError {
  const message = `${whose} that are not answered yet may have ${limit} bytes together: try again`
  return new DaemonError('RATE_LIMITED', message, { limit: String(limit), retryAfterMs: '1000' })
}
