import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

import type { JobLog } from '../log.ts'
import { newSegment, removeSegment, type Segment } from './segments.ts'

/** Milliseconds before a write that has failed is tried again: nobody tells when there is room on a disk. */
const leastPauseMs = 100
const mostPauseMs = 10_000

/** Writes lines at the end of the last segment, and begins a new one when that is long enough. */
export class SegmentWriter {
  readonly #folder: string
  readonly #segments: Segment[]
  readonly #bounds: { segmentBytes: number; segments: number }
  readonly #log: JobLog
  #file: FileHandle | undefined

  constructor(folder: string, segments: Segment[], bounds: { segmentBytes: number; segments: number }, log: JobLog) {
    this.#folder = folder
    this.#segments = segments
    this.#bounds = bounds
    this.#log = log
  }

  /** Writes lines, sooner or later: on a full disk, after the oldest segments have made room. False: it was given up. */
  async write(lines: Buffer, signal: AbortSignal): Promise<boolean> {
    for (let pauseMs = leastPauseMs; ; pauseMs = Math.min(pauseMs * 2, mostPauseMs)) {
      try {
        await this.#append(lines)
        return true
      } catch (error) {
        this.#log.error({ err: error }, 'could not write to the journal of events')
        if (signal.aborted) return false
        if (this.#segments.length > 1) await removeSegment(this.#segments.shift()!)
        else await delay(pauseMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #append(lines: Buffer): Promise<void> {
    const segment = await this.#current()
    const file = (this.#file ??= await open(segment.path, 'a', 0o600))
    try {
      for (let written = 0; written < lines.length;) {
        written += (await file.write(lines, written)).bytesWritten
      }
      segment.size += lines.length
    } catch (error) {
      // Part of a line would be taken for the beginning of the next.
      await file.truncate(segment.size).catch(() => {})
      throw error
    }
  }

  async #current(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (last && last.size < this.#bounds.segmentBytes) return last
    await this.close()
    const next = newSegment(this.#folder, last ? last.start + last.size : 0)
    this.#segments.push(next)
    while (this.#segments.length > this.#bounds.segments) await removeSegment(this.#segments.shift()!)
    return next
  }
}
