import type { CgroupRunner } from '@corral/runner'

import type { OutputPart, OutputRange } from '../contract.ts'
import type { ManagedJob } from '../job.ts'
import { attemptParts } from './attempt.ts'
import { bytesOf, type Piece, pieceAt } from './pieces.ts'
import { outputPart } from './parts.ts'
import { tailOffset } from './tail.ts'

/** A job's output, that of all its attempts one after the other. */
export async function* readOutput(
  runner: CgroupRunner,
  job: ManagedJob,
  range: OutputRange,
): AsyncGenerator<OutputPart, void, undefined> {
  const { follow, signal, tail } = range
  let at = range.from ?? 0
  if (tail !== undefined) {
    at = await tailOffset(runner, job, tail, signal)
    yield { offset: at, attempt: latestNumber(job), data: new Uint8Array() }
  }
  for (;;) {
    signal.throwIfAborted()
    const piece = pieceAt(job, at)
    if (!piece) {
      if (job.hasEnded || !follow) return
      await job.changed.next(signal)
      continue
    }
    const { number, start } = piece
    const local = at - start
    if (!piece.kept) yield { offset: at, attempt: number, droppedBytes: piece.bytes! - local }
    else {
      for await (const part of attemptParts(runner, job.nameOf(number), { from: local, follow, signal })) {
        at = start + part.end
        yield outputPart(part, start, number)
      }
    }
    if (!follow && latestNumber(job) === number) return
    at = await afterAttempt(job, piece, at, signal)
  }
}

/** Where the output goes on after an attempt whose output has been read; waits until it is known how long that was. */
async function afterAttempt(job: ManagedJob, piece: Piece, at: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted()
    const bytes = bytesOf(job, piece.number)
    // Who began beyond its end goes on to look for that place in the next one.
    if (bytes !== undefined) return at > piece.start + bytes ? at : piece.start + bytes
    await job.changed.next(signal)
  }
}

export function latestNumber(job: ManagedJob): number {
  return job.current?.number ?? job.record.starts
}
