import { type CallOptions, type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { JobService } from '@corral/api'
import { CorralError } from '@corral/runner/errors'

import type { ReconnectOptions } from '../connect/options.ts'
import { codeName, decodeError } from '../errors/decode.ts'
import { RemoteError } from '../errors/remote-error.ts'
import { Backoff } from '../retry/backoff.ts'
import type { Trouble, Way } from '../transport/way.ts'

/** What a link takes of what `connect` was given. */
export interface LinkOptions {
  timeoutMs: number
  reconnect: Required<ReconnectOptions>
}

/** How something is asked for. */
export interface AskOptions {
  signal?: AbortSignal | undefined
  /** What does no harm when it is done twice is asked again whenever the connection is lost; else only when it was not done. Default: true. */
  isRepeatable?: boolean
  /** It takes as long as a job. Default false: no longer than `timeoutMs`. */
  waits?: boolean
}

/** What is asked of a daemon, over connections that come and go. */
export class Link {
  readonly jobs: Client<typeof JobService>
  readonly address: string
  readonly #way: Way
  readonly #options: LinkOptions
  readonly #closing = new AbortController()

  constructor(way: Way, options: LinkOptions) {
    this.#way = way
    this.#options = options
    this.address = way.address
    this.jobs = createClient(JobService, way.transport)
  }

  /** Aborted by `close`. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Asks, again and again while the daemon is away.
   * @throws what the library throws, or a RemoteError.
   */
  async ask<T>(call: (options: CallOptions) => Promise<T>, options: AskOptions = {}): Promise<T> {
    const { isRepeatable = true, waits = false } = options
    const signal = this.#until(options.signal)
    const backoff = new Backoff(this.#options.reconnect)
    for (;;) {
      const begun = performance.now()
      try {
        signal.throwIfAborted()
        return await call(waits ? { signal } : { signal, timeoutMs: this.#options.timeoutMs })
      } catch (error) {
        const trouble = this.#explain(error, signal, waits)
        const goesOn = trouble.isTransient && (isRepeatable || trouble.isUndone)
        if (!goesOn || !(await this.#recover(backoff, begun, signal))) throw trouble.error
      }
    }
  }

  /** What a stream gives; `open` opens it again where it was cut off, and is to know where that was. */
  async *follow<T>(
    open: (options: CallOptions) => AsyncIterable<T>,
    given?: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    const signal = this.#until(given)
    const backoff = new Backoff(this.#options.reconnect)
    for (;;) {
      const begun = performance.now()
      // A stream of Connect's is not told that nobody listens any more.
      const left = new AbortController()
      try {
        signal.throwIfAborted()
        for await (const message of open({ signal: AbortSignal.any([signal, left.signal]) })) {
          backoff.reset()
          yield message
        }
        return
      } catch (error) {
        const trouble = this.#explain(error, signal, true)
        if (!trouble.isTransient || !(await this.#recover(backoff, begun, signal))) throw trouble.error
      } finally {
        left.abort()
      }
    }
  }

  /** Ends what is under way: it fails with `CLOSED`. */
  close(): void {
    this.#closing.abort(new CorralError('CLOSED', 'the runner has been closed'))
    this.#way.close()
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([this.closed, signal]) : this.closed
  }

  /** Waits until the next attempt; false: there is to be none. */
  async #recover(backoff: Backoff, begun: number, signal: AbortSignal): Promise<boolean> {
    return backoff.wait({ begun, isHeard: this.#way.isHeardSince(begun) }, signal)
  }

  #explain(error: unknown, signal: AbortSignal, waits: boolean): Trouble {
    if (signal.aborted) return final(signal.reason)
    if (!(error instanceof ConnectError)) return final(error)
    // Ours, or one that something on the way has set.
    if (error.code === Code.DeadlineExceeded) return { ...final(this.#refused(error)), isTransient: waits }
    if (error.isWireError) return decodeError(error, this.address)
    return isOfTheWay(error.code) ? this.#way.explain(error) : final(this.#refused(error))
  }

  /** What was found on this side, such as a deadline that has passed. */
  #refused(error: ConnectError): RemoteError {
    const { code, rawMessage } = error
    const what =
      code === Code.DeadlineExceeded ? `did not answer within ${this.#options.timeoutMs} ms` : `answered: ${rawMessage}`
    return new RemoteError(codeName(code), '', `corrald at ${this.address} ${what}`, { cause: error })
  }
}

function final(error: unknown): Trouble {
  return { error: error as Error, isTransient: false, isUndone: false }
}

/** What Connect makes of connections that fail. */
function isOfTheWay(code: Code): boolean {
  return [Code.Canceled, Code.Unknown, Code.Aborted, Code.Internal, Code.Unavailable].includes(code)
}
