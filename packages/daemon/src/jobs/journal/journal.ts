import { mkdir } from 'node:fs/promises'

import { DaemonError } from '../../errors.ts'
import { Bell } from '../bell.ts'
import type { Told } from '../contract.ts'
import type { JobLog } from '../log.ts'
import { decodeEntry, encodeEntry, type Entry } from './entry.ts'
import { type Placed, RecentEntries } from './recent.ts'
import { findSegments, isLineStart, journalId, readLines, type Segment } from './segments.ts'
import { SegmentWriter } from './writer.ts'

/** How much is kept of what has happened. */
export interface JournalOptions {
  /** Bytes after which a new file is begun. Default 4 MiB. */
  segmentBytes?: number
  /** Most files. Default 8. */
  segments?: number
}

/** Bytes that a reader takes from the disk at once. */
const blockBytes = 256 * 1024

/** Most events that wait to be written, on a disk that takes nothing. */
const mostPending = 10_000

/** What has happened to jobs, on disk, so that whoever was cut off is told all that came after. */
export class Journal implements AsyncDisposable {
  readonly #id: string
  readonly #segments: Segment[]
  readonly #writer: SegmentWriter
  readonly #recent: RecentEntries
  readonly #log: JobLog
  readonly #closing = new AbortController()
  readonly #growth = new Bell()
  #pending: Entry[] = []
  #writing: Promise<void> | undefined
  /** Where what has been told ends. */
  #end: number

  private constructor(id: string, segments: Segment[], writer: SegmentWriter, log: JobLog) {
    const last = segments.at(-1)
    this.#id = id
    this.#segments = segments
    this.#writer = writer
    this.#log = log
    this.#end = last ? last.start + last.size : 0
    this.#recent = new RecentEntries(this.#end)
  }

  static async open(folder: string, options: JournalOptions, log: JobLog): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const segments = await findSegments(folder)
    const bounds = { segmentBytes: options.segmentBytes ?? 4 * 1024 ** 2, segments: options.segments ?? 8 }
    return new Journal(await journalId(folder), segments, new SegmentWriter(folder, segments, bounds, log), log)
  }

  get #start(): number {
    return this.#segments[0]?.start ?? 0
  }

  /** True: what happened at first is no longer kept. */
  get isCut(): boolean {
    return this.#start > 0
  }

  /** Tells of something, once it is written. Of what happens after `close` the next journal of the folder is to tell. */
  append(entry: Entry): void {
    if (this.#closing.signal.aborted) return
    if (this.#pending.length >= mostPending) {
      this.#log.error(
        { job: entry.event.name, type: entry.event.type },
        'an event is lost: too many wait to be written',
      )
      return
    }
    this.#pending.push(entry)
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  /** All that is kept, the oldest first. */
  async *all(): AsyncGenerator<Placed> {
    for (let position = this.#start; position < this.#end;) {
      const entries = await this.#read(position)
      yield* entries.found
      position = entries.end
    }
  }

  /**
   * What happens after a token, or from now on, until the signal is aborted or the journal closed. Who is slow reads from
   * the disk: nothing is kept for it.
   * @throws {DaemonError} `TOKEN_EXPIRED`
   */
  async *watch(token: string | undefined, signal: AbortSignal): AsyncGenerator<Told> {
    signal.throwIfAborted()
    let position = token === undefined ? this.#end : await this.#positionOf(token)
    yield { event: null, owner: '', token: this.#tokenAt(position) }
    for (;;) {
      signal.throwIfAborted()
      if (position >= this.#end) {
        if (this.#closing.signal.aborted) return
        await this.#growth.next(signal)
        continue
      }
      const { found, end } = await this.#read(position)
      for (const { owner, event, end } of found) yield { owner, event, token: this.#tokenAt(end) }
      position = end
    }
  }

  /** Writes what is to be written; ends all who watch. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#writing
    await this.#writer.close()
    this.#growth.ring()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending
      this.#pending = []
      const lines = batch.map((entry) => Buffer.from(encodeEntry(entry)))
      if (!(await this.#writer.write(Buffer.concat(lines), this.#closing.signal))) return
      for (const [index, entry] of batch.entries()) {
        this.#end += lines[index]!.length
        this.#recent.add({ ...entry, end: this.#end })
      }
      this.#growth.ring()
    }
  }

  /** Some entries from a place on, and where they end. */
  async #read(position: number): Promise<{ found: readonly Placed[]; end: number }> {
    const recent = this.#recent.from(position)
    if (recent) return { found: recent, end: recent.at(-1)?.end ?? position }
    const segment = this.#segments.findLast(({ start }) => start <= position)
    if (!segment) throw expired('what happened after it is no longer kept')
    const lines = await readLines(segment, position - segment.start, blockBytes).catch((cause: unknown) => {
      throw expired(`what happened after it cannot be read (${String(cause)})`)
    })
    if (lines.length === 0) return { found: [], end: segment.start + segment.size }
    return { found: placed(lines, position), end: position + lines.length }
  }

  #tokenAt(position: number): string {
    return `${this.#id}.${position.toString(36)}`
  }

  async #positionOf(token: string): Promise<number> {
    const [id, offset] = token.split('.')
    const position = Number.parseInt(offset ?? '', 36)
    if (id !== this.#id || Number.isNaN(position)) throw expired('it is not of this daemon')
    if (position === this.#end) return position
    const segment = this.#segments.findLast(({ start }) => start <= position)
    if (!segment) throw expired('what happened after it is no longer kept')
    const isKnown = position < this.#end && (await isLineStart(segment, position - segment.start))
    if (!isKnown) throw expired('it is of events that were lost with the power')
    return position
  }
}

/** The entries of whole lines that begin at a place; damaged ones are passed over. */
function placed(lines: Buffer, position: number): Placed[] {
  const found: Placed[] = []
  let start = 0
  for (let at = lines.indexOf(0x0a); at >= 0; at = lines.indexOf(0x0a, start)) {
    const entry = decodeEntry(lines.toString('utf8', start, at))
    start = at + 1
    if (entry) found.push({ ...entry, end: position + start })
  }
  return found
}

function expired(why: string): DaemonError {
  return new DaemonError(
    'TOKEN_EXPIRED',
    `cannot resume after this token: ${why}; watch without one, and list the jobs`,
  )
}
