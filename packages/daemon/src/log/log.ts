import { fstatSync } from 'node:fs'

import { destination, type DestinationStream, type Logger, pino } from 'pino'

import { describeError } from './errors.ts'
import { textLines } from './text.ts'

/** What the daemon says of itself. `log.child({ requestId })` says it of a request. */
export type Log = Logger

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  /** Default `'info'`. */
  level?: LogLevel
  /** A JSON object in each line, or a line to be read. Default `'json'`. */
  format?: 'json' | 'text'
  /** Descriptor that is written to. Default 2, standard error. */
  fd?: number
}

/** Most bytes that wait for a reader that does not read; what comes beyond is dropped. */
const maxPending = 8 * 1024 * 1024

/** What never gets into the log, wherever it is in what is logged. */
const secrets = ['env', 'stdin', 'files', 'data', 'command', 'authorization', 'cookie'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

/** Lines on a descriptor, written as they come without waiting for whoever reads. */
export function createLog({ level = 'info', format = 'json', fd = 2 }: LogOptions = {}): Log {
  // A least length of 1 changes nothing but that `flush` waits: with 0 it takes everything for written.
  const lines = destination({ fd, sync: false, minLength: 1, maxLength: maxPending })
  const target: DestinationStream = format === 'text' ? textLines(lines, isJournal(fd)) : lines
  return pino(
    {
      level,
      base: null,
      redact: { paths: secrets, censor: '[secret]' },
      serializers: { err: describeError, error: describeError },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  )
}

/** Resolves when all that was logged is written. */
export async function flushLog(log: Log): Promise<void> {
  await new Promise<void>((resolve) => {
    log.flush(() => resolve())
  })
}

/** Whether a descriptor leads to systemd's journal, which has its own times and levels (systemd.exec(5), JOURNAL_STREAM). */
function isJournal(fd: number): boolean {
  const { JOURNAL_STREAM } = process.env
  if (JOURNAL_STREAM === undefined) return false
  try {
    const { dev, ino } = fstatSync(fd)
    return JOURNAL_STREAM === `${dev}:${ino}`
  } catch {
    return false
  }
}
