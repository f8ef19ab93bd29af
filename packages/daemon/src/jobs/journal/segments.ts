import { type FileHandle, open, readdir, readFile, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of the journal: its bytes are those from `start` on in the journal. */
export interface Segment {
  start: number
  size: number
  path: string
}

const newline = 0x0a
const suffix = '.ndjson'

/** The id by which a journal's tokens are told from those of another; made when there is none. */
export async function journalId(folder: string): Promise<string> {
  const path = join(folder, 'id')
  const known = (await readFile(path, 'utf8').catch(() => '')).trim()
  if (/^[0-9a-f]{12}$/.test(known)) return known
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  await writeFile(`${path}.new`, `${id}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return id
}

/** The segments of a folder, in order. What a crash has left of a line at the very end is cut off. */
export async function findSegments(folder: string): Promise<Segment[]> {
  const segments: Segment[] = []
  const files = (await readdir(folder)).filter((file) => /^\d{16}\.ndjson$/.test(file))
  for (const file of files.toSorted()) {
    const path = join(folder, file)
    segments.push({ start: Number(file.slice(0, -suffix.length)), size: (await stat(path)).size, path })
  }
  const last = segments.at(-1)
  if (last) await cutTornLine(last)
  return segments
}

/** A new segment that begins at an offset of the journal. */
export function newSegment(folder: string, start: number): Segment {
  return { start, size: 0, path: join(folder, `${String(start).padStart(16, '0')}${suffix}`) }
}

export async function removeSegment(segment: Segment): Promise<void> {
  await unlink(segment.path).catch(() => {})
}

async function cutTornLine(segment: Segment): Promise<void> {
  const file = await open(segment.path)
  try {
    const whole = await lastLineEnd(file, segment.size)
    if (whole === segment.size) return
    await truncate(segment.path, whole)
    segment.size = whole
  } finally {
    await file.close()
  }
}

/** Where the last whole line of a file's first bytes ends. */
async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(newline)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

/** Whole lines of a segment from an offset in it on, at most about so many bytes but at least one line. */
export async function readLines(segment: Segment, offset: number, bytes: number): Promise<Buffer> {
  const file = await open(segment.path)
  try {
    for (let length = bytes; ; length *= 2) {
      const wanted = Math.min(length, segment.size - offset)
      const block = Buffer.allocUnsafe(wanted)
      const { bytesRead } = await file.read(block, 0, wanted, offset)
      const whole = block.subarray(0, bytesRead).lastIndexOf(newline) + 1
      if (whole > 0 || bytesRead < length) return block.subarray(0, whole)
    }
  } finally {
    await file.close()
  }
}

/** Whether a line begins at an offset of a segment. */
export async function isLineStart(segment: Segment, offset: number): Promise<boolean> {
  if (offset === 0) return true
  const file = await open(segment.path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, offset - 1)
    return bytesRead === 1 && buffer[0] === newline
  } finally {
    await file.close()
  }
}
