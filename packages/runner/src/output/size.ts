import { stat } from 'node:fs/promises'

import { headBytes } from './bound.ts'

/** How long an output is, and how much of that was dropped. */
export interface OutputSize {
  outputBytes: number | null
  outputDroppedBytes: number | null
}

/** Where an output is, and what says what of it is dropped. */
interface OutputFiles {
  readonly outputPath: string
  readonly gapPath: string
}

/** `maxBytes`: its bound; null: it has none, and nothing is dropped. */
export async function outputSize({ outputPath, gapPath }: OutputFiles, maxBytes: number | null): Promise<OutputSize> {
  const [output, gap] = await Promise.all([sizeOf(outputPath), maxBytes === null ? null : sizeOf(gapPath)])
  if (output === null) return { outputBytes: null, outputDroppedBytes: null }
  // A job may have cut its output off.
  const hole = Math.min(gap ?? 0, output) - headBytes(maxBytes ?? 0)
  return { outputBytes: output, outputDroppedBytes: maxBytes === null ? 0 : Math.max(0, hole) }
}

/** Null: it cannot be told, as of a file that is gone. */
async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  )
}
