import type { FileHandle } from 'node:fs/promises'

/** Sizes of reads in bytes: of a reader that keeps up, and of one that has much to catch up on. */
const smallBytes = 64 * 1024
const largeBytes = 1024 * 1024

/** What the buffers of all readers that have much to catch up on take together, in bytes. */
const allLargeBytes = 8 * 1024 * 1024

/** Buffers for small reads that are not in use; a reader has one only while it reads. */
const spare: Bytes[] = []
const spareMax = 16

/** Bytes that can be handed over to another owner. */
export type Bytes = Uint8Array<ArrayBuffer>

/** What is to be read: from an offset, at most so many bytes. */
export interface Span {
  offset: number
  bytes: number
}

/**
 * Reads what the file has of a span; `undefined` when that is nothing. A reader that keeps up is given bytes of their
 * own size; one that is behind, up to 1 MiB at once. The chunk is the receiver's alone: memory that is fresh each time,
 * which takes the kernel as long as the copy, and which only a reader that brings its own buffer is spared.
 */
export async function readChunk(file: FileHandle, span: Span, isBehind: boolean): Promise<Bytes | undefined> {
  if (isBehind && span.bytes > smallBytes) return readLarge(file, span)
  const buffer = spare.pop() ?? new Uint8Array(smallBytes)
  try {
    return (await readInto(file, span, buffer))?.slice()
  } finally {
    if (spare.length < spareMax) spare.push(buffer)
  }
}

/** Large reads under way, in all readers. */
let largeReads = 0

/** The more readers there are, the smaller their buffers. */
async function readLarge(file: FileHandle, span: Span): Promise<Bytes | undefined> {
  largeReads++
  try {
    const length = Math.min(span.bytes, largeBytes, Math.max(smallBytes, Math.floor(allLargeBytes / largeReads)))
    const chunk = await readInto(file, span, Buffer.allocUnsafeSlow(length))
    return chunk && (chunk.length > length / 2 ? chunk : chunk.slice())
  } finally {
    largeReads--
  }
}

/** Reads what the file has of a span into a buffer, as far as that goes. Gives the part that was filled. */
export async function readInto(file: FileHandle, span: Span, buffer: Bytes): Promise<Bytes | undefined> {
  const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, span.bytes), span.offset)
  return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
}

/** Whether a chunk is as long as a small read, so that there is likely more. */
export function isFull(chunk: Uint8Array): boolean {
  return chunk.length >= smallBytes
}
