import type { FileHandle } from 'node:fs/promises'

/** Sizes of reads in bytes: the first, and the most that a reader of a long output grows to. */
const smallBytes = 64 * 1024
const largeBytes = 512 * 1024

/** Buffers for small reads that are not in use; a reader has one only while it reads. */
const spare: Buffer[] = []
const spareMax = 16

/**
 * Reads what the file has at an offset; `undefined` at its end. A reader that keeps up is given bytes of their own size;
 * one that has much to catch up on, buffers of up to 512 KiB.
 */
export async function readChunk(file: FileHandle, offset: number, behind: boolean): Promise<Uint8Array | undefined> {
  if (behind) {
    const buffer = Buffer.allocUnsafeSlow(largeBytes)
    const { bytesRead } = await file.read(buffer, 0, largeBytes, offset)
    if (bytesRead === 0) return undefined
    return bytesRead > largeBytes / 2 ? buffer.subarray(0, bytesRead) : Buffer.from(buffer.subarray(0, bytesRead))
  }
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
  const { bytesRead } = await file.read(buffer, 0, smallBytes, offset)
  const chunk = bytesRead === 0 ? undefined : Buffer.from(buffer.subarray(0, bytesRead))
  if (spare.length < spareMax) spare.push(buffer)
  return chunk
}

/** Whether a chunk filled its buffer, so that there is likely more. */
export function wasFull(chunk: Uint8Array): boolean {
  return chunk.length >= smallBytes
}
