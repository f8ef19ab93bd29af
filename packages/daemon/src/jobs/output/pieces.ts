import type { ManagedJob } from '../job.ts'

/** An attempt's output in that of all attempts. */
export interface Piece {
  /** The attempt's; of those that are no longer listed, the latest one's. */
  number: number
  /** Where it begins. */
  start: number
  /** How long it is; undefined: it may still grow. */
  bytes: number | undefined
  /** It is still there. */
  kept: boolean
}

/** The output of a job, attempt by attempt. */
export function piecesOf({ record, current }: ManagedJob): Piece[] {
  const first = record.attempts[0]?.number ?? 1
  const pieces: Piece[] = [{ number: Math.max(1, first - 1), start: 0, bytes: record.forgottenBytes, kept: false }]
  let start = record.forgottenBytes
  for (const { number, outputBytes, kept } of record.attempts) {
    pieces.push({ number, start, bytes: outputBytes, kept })
    start += outputBytes
  }
  if (current) {
    const bytes = current.status.active ? undefined : current.status.outputBytes
    pieces.push({ number: current.number, start, bytes, kept: true })
  }
  return pieces
}

/** The piece that holds the byte at an offset, or is to hold it; undefined: there is none yet. */
export function pieceAt(job: ManagedJob, at: number): Piece | undefined {
  return piecesOf(job).find(({ start, bytes }) => bytes === undefined || at < start + bytes)
}

/** How long an attempt's output is, once it is over. */
export function bytesOf(job: ManagedJob, number: number): number | undefined {
  return piecesOf(job).findLast((piece) => piece.number === number)?.bytes
}
