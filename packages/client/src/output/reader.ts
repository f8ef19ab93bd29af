import type { CallOptions } from '@connectrpc/connect'
import type { OutputResponse } from '@corral/api'
import type { OutputOptions } from '@corral/runner'

import type { Link } from '../calls/link.ts'
import { droppedNotice } from './dropped.ts'

/** Whose output it is: a job's, or that of a further command in it. */
export interface Target {
  name: string
  execId: string
}

/** One reader of a job's output: a position in it, wherever the connections come and go. */
export class OutputReader {
  readonly #target: Target
  readonly #options: OutputOptions
  readonly #link: Link
  readonly #gone = new AbortController()
  readonly #messages: AsyncGenerator<OutputResponse, void>
  /** The first message, which is asked for when the stream is made. */
  #first: Promise<IteratorResult<OutputResponse, void>> | undefined
  /** Something was received. */
  #isBegun = false
  /** Where the next message begins; undefined: where the tail does, which only the daemon knows. */
  #position: bigint | undefined
  /** What of a message did not fit into its reader's buffer. */
  #rest: Uint8Array | undefined

  constructor(link: Link, target: Target, options: OutputOptions) {
    this.#link = link
    this.#target = target
    this.#options = options
    this.#position = options.tail === undefined ? BigInt(options.from ?? 0) : undefined
    this.#messages = link.follow((options) => this.#open(options), this.#gone.signal)
  }

  /** Aborted once the reader is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Asks for the output: what is written from now on belongs to it, whenever it is read. */
  start(): void {
    this.#first = this.#messages.next()
    this.#first.catch(() => {})
  }

  /** The next bytes, once there are some, at most so many; undefined at the end. */
  async next(mostBytes = Infinity): Promise<Uint8Array | undefined> {
    this.#rest ??= await this.#receive()
    const bytes = this.#rest?.subarray(0, mostBytes)
    this.#rest = this.#rest && this.#rest.length > mostBytes ? this.#rest.subarray(mostBytes) : undefined
    return bytes
  }

  close(): void {
    this.#gone.abort()
  }

  async #receive(): Promise<Uint8Array | undefined> {
    for (;;) {
      const next = this.#first ?? this.#messages.next()
      this.#first = undefined
      const { done, value } = await next
      if (done) return undefined
      const bytes = this.#take(value)
      if (bytes.length > 0) return bytes
    }
  }

  /** What of a message is for the reader. */
  #take({ data, offset, nextOffset, droppedBytes }: OutputResponse): Uint8Array {
    const { onStart, onDropped } = this.#options
    if (!this.#isBegun) onStart?.(Number(offset))
    this.#isBegun = true
    this.#position = nextOffset
    if (droppedBytes === 0n) return data
    if (!onDropped) return droppedNotice(Number(droppedBytes))
    onDropped({ offset: Number(offset), bytes: Number(droppedBytes) })
    return new Uint8Array()
  }

  #open(options: CallOptions): AsyncIterable<OutputResponse> {
    const { tail, follow = true } = this.#options
    const range = this.#position === undefined ? { tail: tail! } : { offset: this.#position }
    return this.#link.jobs.output({ ...this.#target, ...range, follow }, options)
  }
}
