import { posix } from 'node:path'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import { checkMs } from '../job/values.ts'
import type { Field } from '../store/record.ts'

/** What to copy out of a job when it has ended. */
export interface CollectOptions {
  /** Files, and folders with all that is in them: absolute in the job, or relative to its `cwd`. At most 64. */
  paths: readonly string[]
  /** Most bytes in all; a file that is larger than what is left of them is left out. Default 1 GiB. */
  maxBytes?: number
  /** Most milliseconds that it may take: the job is active for as long. Default 60,000. */
  timeoutMs?: number
}

/** What is to be collected, checked. */
export interface CheckedCollect {
  /** Absolute in the job, none below another. */
  paths: readonly string[]
  maxBytes: number
  timeoutMs: number
}

const defaultMaxBytes = 1024 ** 3
const defaultTimeoutMs = 60_000

/** Most files and folders of a collection: each takes an inode of the storage root's disk. */
const maxEntries = 100_000

/** The outcome of each path goes into the exit record, and into a message of limited size. */
const maxPaths = 64
const maxPathsBytes = 8192

/** Checks `collect`; null when nothing is to be collected. */
export function checkCollect(collect: unknown, cwd: string): CheckedCollect | null {
  if (collect === undefined) return null
  const options = (Array.isArray(collect) ? { paths: collect } : collect) as CollectOptions
  refuseUnknownPart(
    'collect',
    options,
    ['paths', 'maxBytes', 'timeoutMs'],
    'an array of paths, or { paths, maxBytes, timeoutMs }',
  )
  const { paths, maxBytes = defaultMaxBytes, timeoutMs = defaultTimeoutMs } = options
  const checked = {
    paths: checkPaths(paths, cwd),
    maxBytes: checkBytes('collect.maxBytes', maxBytes),
    timeoutMs: checkMs('collect.timeoutMs', timeoutMs, 1),
  }
  return checked.paths.length === 0 ? null : checked
}

function checkBytes(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidOptionError(option, value, `a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`)
}

function checkPaths(paths: unknown, cwd: string): string[] {
  if (!Array.isArray(paths)) throw new InvalidOptionError('collect.paths', paths, 'an array of paths')
  const absolute = paths.map((path: unknown) => checkPath(path, cwd))
  if (absolute.length > maxPaths || Buffer.byteLength(absolute.join('')) > maxPathsBytes) {
    const accepted = `at most ${maxPaths} paths, of ${maxPathsBytes} bytes in all`
    throw new InvalidOptionError('collect.paths', `${absolute.length} paths`, accepted)
  }
  for (const path of absolute) {
    const above = absolute.filter((other) => `${path}/`.startsWith(`${other}/`))
    if (above.length > 1) {
      throw new InvalidOptionError('collect.paths', path, `no path twice, and none below another (${above.join(', ')})`)
    }
  }
  return absolute
}

/** `..` is taken literally, as no link is followed later. */
function checkPath(path: unknown, cwd: string): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) {
    const absolute = posix.resolve(cwd, path)
    if (absolute !== '/') return absolute
  }
  throw new InvalidOptionError('collect.paths', path, "paths other than '/', without NUL")
}

/** The fields of a start frame that have init collect. */
export function collectFields(collect: CheckedCollect | null): Field[] {
  if (!collect) return []
  const { paths, maxBytes, timeoutMs } = collect
  return [
    ...paths.map((path): Field => ['collect', path]),
    ['collectbytes', maxBytes],
    ['collectentries', maxEntries],
    ['collecttimeout', timeoutMs],
  ]
}
