import type { CgroupRunner } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import { attemptParts } from './attempt.ts'
import { type Piece, piecesOf } from './pieces.ts'
import { sized } from './sizes.ts'

const blockBytes = 64 * 1024
const newline = 0x0a

/** Where the last so many lines of a job's output begin; before what is no longer there, none begins. */
export async function tailOffset(
  runner: CgroupRunner,
  job: ManagedJob,
  lines: number,
  signal: AbortSignal,
): Promise<number> {
  const pieces = await sizedPieces(runner, job)
  const last = pieces.at(-1)
  const end = last ? last.start + last.bytes! : 0
  const count = { left: lines, end }
  if (lines === 0) return end
  for (const piece of pieces.reverse()) {
    if (piece.bytes === 0) continue
    if (!piece.kept) return piece.start + piece.bytes!
    const found = await searchPiece(runner, job, piece, count, signal)
    if (found !== undefined) return found
  }
  return 0
}

/** Pieces with their lengths as they are now. */
async function sizedPieces(runner: CgroupRunner, job: ManagedJob): Promise<Piece[]> {
  const pieces = piecesOf(job)
  const last = pieces.at(-1)!
  if (last.bytes !== undefined) return pieces
  last.bytes = sized(await runner.status(job.nameOf(last.number))).outputBytes
  return pieces
}

/** Where the wanted lines begin, if that is in this piece; else counts those that are in it. */
async function searchPiece(
  runner: CgroupRunner,
  job: ManagedJob,
  { number, start, bytes }: Piece,
  count: { left: number; end: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  for (let end = bytes!; end > 0;) {
    const from = Math.max(0, end - blockBytes)
    const block = await readBlock(runner, job.nameOf(number), { from, end }, signal)
    for (let at = block.data.length - 1; at >= 0; at--) {
      const offset = start + block.from + at
      const isLast = offset === count.end - 1
      if (block.data[at] === newline && !isLast && --count.left === 0) return offset + 1
    }
    if (block.from > from) return start + block.from
    end = from
  }
  return undefined
}

/** What is there of a range: all of it, or what is behind the last that is no longer there. */
async function readBlock(
  runner: CgroupRunner,
  name: string,
  { from, end }: { from: number; end: number },
  signal: AbortSignal,
): Promise<{ from: number; data: Buffer }> {
  let [chunks, begin]: [Uint8Array[], number] = [[], from]
  for await (const part of attemptParts(runner, name, { from, follow: false, signal })) {
    if ('data' in part) chunks.push(part.data)
    else [chunks, begin] = [[], part.end]
    if (part.end >= end) break
  }
  return { from: begin, data: Buffer.concat(chunks).subarray(0, Math.max(0, end - begin)) }
}
