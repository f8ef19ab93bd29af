import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { OutputGap, OutputOptions } from '@corral/runner'
import { expect } from 'vitest'

import { eventually } from '../support/test.ts'

export const KiB = 1024
export const MiB = 1024 * KiB

/** What was read of a flood: where, how many bytes in all, and what was dropped. */
export interface FloodRead {
  start: number
  end: number
  bytes: number
  gaps: OutputGap[]
}

/** Reads a flood to its end, and fails at the first byte that is not what was written at its offset. */
export async function readFlood(
  output: (options: OutputOptions) => ReadableStream<Uint8Array>,
  options: OutputOptions = {},
  onChunk: (bytes: number) => unknown = () => {},
): Promise<FloodRead> {
  const read: FloodRead = { start: -1, end: -1, bytes: 0, gaps: [] }
  const onStart = (offset: number): void => {
    read.start = read.end = offset
  }
  const onDropped = (gap: OutputGap): void => {
    expect(gap.offset).toBe(read.end)
    read.end += gap.bytes
    read.gaps.push(gap)
  }
  for await (const chunk of output({ ...options, onStart, onDropped })) {
    expectWritten(chunk, read.end)
    read.end += chunk.length
    read.bytes += chunk.length
    await onChunk(read.bytes)
  }
  return read
}

/** How many bytes were dropped, of all that was read. */
export function droppedOf({ gaps }: FloodRead): number {
  return gaps.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Each 4 bytes of a flood are their own index. */
function expectWritten(chunk: Uint8Array, offset: number): void {
  const lead = offset % 4
  const words = new Uint32Array(Math.ceil((lead + chunk.length) / 4))
  for (let index = 0; index < words.length; index++) words[index] = Math.floor(offset / 4) + index
  const expected = Buffer.from(words.buffer).subarray(lead, lead + chunk.length)
  if (!expected.equals(chunk)) throw new Error(`not what was written at ${offset}, in ${chunk.length} bytes`)
}

/** How many bytes of the disk a file takes. */
export async function diskBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * 512
}

/** Where a job's output is. */
export function outputOf(storageRoot: string, name: string): string {
  return join(storageRoot, 'jobs', name, 'output')
}

/** Waits until a file that is no longer written to takes no more of the disk than its bound, and the sixteenth on top. */
export async function untilBounded(path: string, maxBytes: number): Promise<void> {
  await eventually(async () => expect(await diskBytes(path)).toBeLessThanOrEqual((maxBytes * 17) / 16 + 16 * KiB))
}
