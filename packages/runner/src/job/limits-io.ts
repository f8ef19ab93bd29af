import { InvalidOptionError } from '../errors/mistakes.ts'
import { findDisk } from './limits-device.ts'
import { parseBytes } from './limits-memory.ts'

/** I/O limits of one disk; what is absent stays as it is. */
export interface IoMax {
  /** `MAJ:MIN` of the whole disk. */
  device: string
  rbps?: number | 'max'
  wbps?: number | 'max'
  riops?: number | 'max'
  wiops?: number | 'max'
}

const keys = ['rbps', 'wbps', 'riops', 'wiops'] as const

const format =
  "lines of 'DEV rbps=N wbps=N riops=N wiops=N', at least one of the four, N at least 1 or 'max', rbps and wbps also " +
  'with a suffix K, M, G or T; DEV is MAJ:MIN, a device node, or a path on the file system'

/** Parses what `io.max` takes: one line, several, or a list of them. */
export async function parseIoMax(option: string, value: unknown): Promise<IoMax[]> {
  const lines: unknown[] = Array.isArray(value) ? value : [value]
  if (!lines.every((line): line is string => typeof line === 'string'))
    throw new InvalidOptionError(option, value, format)
  const given = lines.flatMap((line) => line.split('\n')).filter((line) => line.trim() !== '')
  if (given.length === 0) throw new InvalidOptionError(option, value, format)
  return Promise.all(given.map((line) => parseLine(option, line.trim())))
}

async function parseLine(option: string, line: string): Promise<IoMax> {
  // The device comes first and may hold blanks, being a path.
  const match = /^(.+?)((?:\s+[rw](?:bps|iops)=\S+)+)$/.exec(line)
  if (!match) throw new InvalidOptionError(option, line, format)
  const limits: Omit<IoMax, 'device'> = {}
  for (const pair of match[2]!.trim().split(/\s+/)) {
    const [key, text] = pair.split('=') as [(typeof keys)[number], string]
    if (limits[key] !== undefined) throw new InvalidOptionError(option, line, `${key} once; ${format}`)
    limits[key] = parseRate(option, line, key, text)
  }
  return { device: await findDisk(option, match[1]!), ...limits }
}

function parseRate(option: string, line: string, key: (typeof keys)[number], text: string): number | 'max' {
  try {
    const rate = parseBytes(option, text, 1)
    // Operations per second are 32 bits wide in the kernel, which cuts off what is above (block/blk-throttle.c).
    if (key.endsWith('bps') || rate === 'max') return rate
    if (/^\d+$/.test(text) && rate < 2 ** 32) return rate
  } catch {}
  throw new InvalidOptionError(option, line, format)
}
