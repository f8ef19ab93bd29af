import { InvalidOptionError } from '@corral/runner'

import { DaemonError } from '../../errors.ts'
import type { InputPart } from '../contract.ts'

/** Most parts that wait to be taken: a client sends one after the other, and one again that was cut off. */
const mostWaiting = 8

/** Bytes on their way to a command, and whoever waits for them to be taken. */
interface Chunk {
  data: Uint8Array
  /** The command's side has it; it is taken once that asks for more. */
  isHanded: boolean
  taken: () => void
  refused: (error: unknown) => void
}

/**
 * A command's standard input as it comes in parts, each taken once: the parts say where they begin. It holds one part at
 * a time, and whoever sends waits until the command's side has taken it.
 */
export class InputChannel implements AsyncIterable<Uint8Array> {
  readonly #what: string
  #taken = 0
  #hasEnded = false
  #isGone = false
  #chunk: Chunk | undefined
  #wanted: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined
  /** Parts are taken one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** `what`: whose input it is, in words. */
  constructor(what: string) {
    this.#what = what
  }

  /**
   * Resolves once the command's side has taken a part, with how many bytes that has in all.
   * @throws {DaemonError} `INPUT_GONE`; `RATE_LIMITED` when too many wait already.
   * @throws {InvalidOptionError} for a part before which another one is missing.
   */
  async write(part: InputPart): Promise<number> {
    if (this.#waiting >= mostWaiting) throw tooMany(this.#what)
    this.#waiting++
    const turn = this.#turn.then(() => this.#write(part)).finally(() => this.#waiting--)
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** Nobody reads any more. */
  close(): void {
    this.#isGone = true
    this.#chunk?.refused(inputClosed(this.#what))
    this.#chunk = undefined
    this.#wanted?.({ done: true, value: undefined })
    this.#wanted = undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => this.#next(),
      return: async () => {
        this.close()
        return { done: true, value: undefined }
      },
    }
  }

  async #write({ offset, data, end }: InputPart): Promise<number> {
    if (offset > this.#taken) throw new InvalidOptionError('offset', offset, `at most ${this.#taken}, what was taken`)
    const fresh = data.subarray(this.#taken - offset)
    if (fresh.length > 0) {
      if (this.#isGone) throw inputClosed(this.#what)
      if (this.#hasEnded) throw inputGone(this.#what)
      await this.#hand(fresh)
      this.#taken += fresh.length
    }
    if (end) this.#end()
    return this.#taken
  }

  async #hand(data: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const chunk = { data, isHanded: this.#wanted !== undefined, taken: resolve, refused: reject }
    this.#chunk = chunk
    this.#wanted?.({ done: false, value: data })
    this.#wanted = undefined
    await promise
  }

  #end(): void {
    this.#hasEnded = true
    this.#wanted?.({ done: true, value: undefined })
    this.#wanted = undefined
  }

  /** Who asks for the next part has passed the last one on. */
  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#chunk?.isHanded) {
      this.#chunk.taken()
      this.#chunk = undefined
    }
    if (this.#chunk) {
      this.#chunk.isHanded = true
      return { done: false, value: this.#chunk.data }
    }
    if (this.#hasEnded || this.#isGone) return { done: true, value: undefined }
    return new Promise((resolve) => {
      this.#wanted = resolve
    })
  }
}

function tooMany(what: string): DaemonError {
  const message = `${mostWaiting} parts of the standard input of ${what} wait already: send one after the other`
  return new DaemonError('RATE_LIMITED', message, { retryAfterMs: '1000' })
}

/** The command has ended, or has closed it: whoever sends it need not take that for a loss. */
function inputClosed(what: string): DaemonError {
  const message = `the standard input of ${what} is no longer open: the command reads no more`
  return new DaemonError('INPUT_GONE', message, { by: 'command' })
}

export function inputGone(what: string): DaemonError {
  const message = `the standard input of ${what} is no longer open: it has ended, or was sent through an earlier daemon`
  return new DaemonError('INPUT_GONE', message)
}
