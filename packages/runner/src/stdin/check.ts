import { stat } from 'node:fs/promises'

import { errnoOf } from '../errors/errno.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import type { TerminalSize } from './config.ts'

/** Standard input as it is given to the launcher: all there from the beginning, by its path, or sent bit by bit. */
export type CheckedStdin =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'file'; path: string }
  | { kind: 'stream'; source: AsyncIterable<string | Uint8Array> }

/** The size of a terminal that nobody looks at. */
const defaultSize: TerminalSize = { columns: 80, rows: 24 }

/** As large as the kernel can say (struct winsize). */
const maxSize = 0xffff

/** Null: /dev/null. */
export async function checkStdin(option: string, value: unknown): Promise<CheckedStdin | null> {
  if (value === undefined) return null
  if (typeof value === 'string') return { kind: 'bytes', bytes: Buffer.from(value) }
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: value }
  if (isAsyncIterable(value)) return { kind: 'stream', source: value }
  if (typeof value === 'object' && value !== null && 'file' in value) {
    refuseUnknownPart(option, value, ['file'])
    return { kind: 'file', path: await checkFile(`${option}.file`, value.file) }
  }
  throw new InvalidOptionError(option, value, 'a string, a Uint8Array, { file: PATH }, or a stream of bytes')
}

/** The size of the terminal; null: there is to be none. */
export function checkTty(option: string, value: unknown): TerminalSize | null {
  if (value === undefined || value === false) return null
  return value === true ? defaultSize : checkTerminalSize(option, value, 'true, false or { columns, rows }')
}

/** Checks the size of a terminal. `accepted`: what there is besides, in words. */
export function checkTerminalSize(option: string, value: unknown, accepted?: string): TerminalSize {
  refuseUnknownPart(option, value, ['columns', 'rows'], accepted)
  const { columns, rows } = value as Record<string, unknown>
  if (isLength(columns) && isLength(rows)) return { columns, rows }
  throw new InvalidOptionError(option, value, `{ columns, rows }, whole numbers from 1 to ${maxSize}`)
}

function isLength(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxSize
}

function isAsyncIterable(value: unknown): value is AsyncIterable<string | Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Other kinds, as pipes, may have to be waited for: they are for the caller to open, and to give as a stream. */
async function checkFile(option: string, path: unknown): Promise<string> {
  const accepted = 'the absolute path of a regular file or of a device; others go as a stream'
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    throw new InvalidOptionError(option, path, accepted)
  }
  try {
    const file = await stat(path)
    if (file.isFile() || file.isCharacterDevice() || file.isBlockDevice()) return path
  } catch (error) {
    throw new InvalidOptionError(option, path, `a file that can be read, which this is not (${errnoOf(error)})`)
  }
  throw new InvalidOptionError(option, path, accepted)
}
