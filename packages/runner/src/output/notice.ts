import type { Bytes } from './buffers.ts'

/** What is in a stream in the place of bytes that were dropped, for a consumer that is not told otherwise. */
export function droppedNotice(bytes: number): Bytes {
  return new TextEncoder().encode(`\n[corral: ${bytes} bytes of output were dropped: outputMax]\n`)
}

/** Two chunks as one. */
export function join(first: Bytes, second: Bytes): Bytes {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
