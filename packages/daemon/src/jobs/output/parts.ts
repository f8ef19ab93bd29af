import type { OutputGap } from '@corral/runner'

import type { OutputPart } from '../contract.ts'
import { chunksOf } from './chunks.ts'

/** A piece of an output, and where in that it ends. */
export type Part = { end: number } & ({ data: Uint8Array } | { droppedBytes: number })

/** An output from an offset on, in pieces that say where they are. */
export async function* partsFrom(
  from: number,
  open: (options: { from: number; onDropped: (gap: OutputGap) => void }) => ReadableStream<Uint8Array>,
): AsyncGenerator<Part, void, undefined> {
  let end = from
  const gaps: OutputGap[] = []
  const takeGaps = (): Part[] => gaps.splice(0).map(({ bytes }) => ({ end: (end += bytes), droppedBytes: bytes }))
  for await (const data of chunksOf(open({ from, onDropped: (gap) => void gaps.push(gap) }))) {
    yield* takeGaps()
    end += data.length
    yield { end, data }
  }
  yield* takeGaps()
}

/** A piece as it is given: of the output of all attempts, in which that of its own begins at `start`. */
export function outputPart(part: Part, start: number, attempt: number): OutputPart {
  if ('data' in part) return { offset: start + part.end - part.data.length, attempt, data: part.data }
  return { offset: start + part.end - part.droppedBytes, attempt, droppedBytes: part.droppedBytes }
}
