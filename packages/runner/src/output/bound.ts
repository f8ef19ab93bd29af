import { parseBytes } from '../job/limits-memory.ts'
import type { Field } from '../store/record.ts'

const minBytes = 64 * 1024
const blockBytes = 4096

/** Checks `outputMax`; null: there is no bound. */
export function checkOutputMax(outputMax: number | string | undefined): number | null {
  const bytes = outputMax === undefined ? 'max' : parseBytes('outputMax', outputMax, minBytes)
  return bytes === 'max' ? null : bytes
}

/** How much is kept of the beginning of a bounded output: half of it, in whole blocks, so that what follows can be given back. */
export function headBytes(maxBytes: number): number {
  return Math.floor(maxBytes / 2 / blockBytes) * blockBytes
}

/** What init is told of the bound. */
export function boundFields(maxBytes: number | null): Field[] {
  if (maxBytes === null) return []
  const head = headBytes(maxBytes)
  return [
    ['outputhead', head],
    ['outputtail', maxBytes - head],
  ]
}
