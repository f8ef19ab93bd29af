import type { Bytes } from './buffers.ts'
import type { OutputGap } from './gap.ts'

/** What a consumer is yet to be told of what was dropped, and is given where it has not asked. */
export class Notices {
  readonly #onDropped: ((gap: OutputGap) => void) | undefined
  #gap: OutputGap | undefined
  #pending: Bytes | undefined

  constructor(onDropped: ((gap: OutputGap) => void) | undefined) {
    this.#onDropped = onDropped
  }

  /** Notes bytes that were passed over; of what is yet to be told they are the continuation. */
  note(offset: number, bytes: number): void {
    this.#gap = { offset: this.#gap?.offset ?? offset, bytes: (this.#gap?.bytes ?? 0) + bytes }
  }

  /**
   * Tells what there is to be told before a chunk. Gives that, or what the stream says in the consumer's stead: then the
   * chunk comes behind that, as far as the buffer holds both.
   */
  tell(chunk: Bytes | undefined, buffer: Bytes | undefined): Bytes | undefined {
    const gap = this.#gap
    this.#gap = undefined
    if (gap && !this.#onDropped) return this.#give(join(droppedLine(gap.bytes), chunk), buffer)
    if (gap) this.#onDropped?.(gap)
    return chunk
  }

  /** What did not find room in the buffer before. */
  rest(buffer: Bytes | undefined): Bytes | undefined {
    return this.#pending && this.#give(this.#pending, buffer)
  }

  #give(bytes: Bytes, buffer: Bytes | undefined): Bytes {
    const length = Math.min(bytes.length, buffer?.length ?? Infinity)
    this.#pending = length < bytes.length ? bytes.subarray(length) : undefined
    if (!buffer) return bytes
    buffer.set(bytes.subarray(0, length))
    return buffer.subarray(0, length)
  }
}

function droppedLine(bytes: number): Bytes {
  return new TextEncoder().encode(`\n[corral: ${bytes} bytes of output were dropped: outputMax]\n`)
}

function join(first: Bytes, second: Bytes | undefined): Bytes {
  if (!second) return first
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
