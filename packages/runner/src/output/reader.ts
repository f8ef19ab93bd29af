import { type FileHandle, open } from 'node:fs/promises'

import { errnoOf, fileError, watchError } from '../errors/errno.ts'
import { type Bytes, isFull, readChunk, readInto, type Span } from './buffers.ts'
import { watchFile } from './file-watch.ts'
import { type OutputGap, GapFile } from './gap.ts'
import { Notices } from './notice.ts'
import type { OutputOptions } from './output.ts'
import { tailOffset } from './tail.ts'

/** Whose output is read: a job's, or that of a further command in it. */
export interface OutputSource {
  readonly outputPath: string
  readonly gapPath: string
  isKnown(): Promise<boolean>
  notFound(): Error | Promise<Error>
}

/** One reader of a job's output: a position in the file, and a wish to be woken. */
export class OutputReader {
  readonly #folder: OutputSource
  readonly #options: OutputOptions
  readonly #ended: (signal: AbortSignal) => Promise<unknown>
  readonly #gone = new AbortController()
  #file: FileHandle | undefined
  #gaps: GapFile | undefined
  #fileId = ''
  #unwatch: (() => void) | undefined
  #position = 0
  /** Where to stop; a file that grows meanwhile is not followed. */
  #limit = Infinity
  /** The file is known to have been this long. */
  #seen = 0
  #behind = false
  /** Nothing more will be written: what has been read up to is the end. */
  #final = false
  #failure: { error: unknown } | undefined
  readonly #notices: Notices
  #wake: (() => void) | undefined
  #changed = false
  /** It was woken, and has read nothing since. */
  #woken = false

  /** `ended` resolves when nothing more will be written. */
  constructor(folder: OutputSource, options: OutputOptions, ended: (signal: AbortSignal) => Promise<unknown>) {
    this.#folder = folder
    this.#options = options
    this.#ended = ended
    this.#notices = new Notices(options.onDropped)
  }

  /** Aborted once the reader is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  async start(): Promise<void> {
    try {
      if (!(await this.#folder.isKnown())) throw await this.#folder.notFound()
      await this.#seek(await this.#open())
    } catch (error) {
      await this.close()
      throw errnoOf(error) === 'ENOENT' ? await this.#folder.notFound() : readError(error)
    }
    if (this.#gone.signal.aborted) return this.close()
    if (this.#options.follow === false) this.#final = true
    else void this.#followEnd()
  }

  /** The next bytes, once there are some, in the buffer that is given, or one of their own; undefined at the end. */
  async next(buffer?: Bytes): Promise<Bytes | undefined> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure.error
        if (!this.#file) return undefined
        const rest = this.#notices.rest(buffer)
        if (rest) return rest
        // In this order: a change, or the end, that comes after the read is not missed.
        const final = this.#final
        this.#changed = false
        const chunk = this.#notices.tell(await this.#read(this.#file, buffer), buffer)
        if (chunk) return chunk
        if (await this.#isCut()) continue
        if (final) return undefined
        if (this.#watch(this.#file)) continue
        await this.#change()
      }
    } catch (error) {
      await this.close()
      throw readError(error)
    }
  }

  async close(): Promise<void> {
    this.#gone.abort()
    this.#unwatch?.()
    this.#unwatch = undefined
    const [file, gaps] = [this.#file, this.#gaps]
    this.#file = this.#gaps = undefined
    this.#notify()
    await Promise.all([file?.close(), gaps?.close()])
  }

  async #open(): Promise<FileHandle> {
    const { outputPath, gapPath } = this.#folder
    const [file, gaps] = await Promise.allSettled([open(outputPath), GapFile.open(gapPath)])
    // Also what was opened though the other was not is closed with the reader.
    if (file.status === 'fulfilled') this.#file = file.value
    if (gaps.status === 'fulfilled') this.#gaps = gaps.value
    if (file.status === 'rejected') throw file.reason
    if (gaps.status === 'rejected') throw gaps.reason
    return file.value
  }

  /** What is dropped by now of the bytes from an offset up to another. */
  #findGap(from: number, to: number): OutputGap | undefined {
    return this.#file && this.#gaps?.find(this.#file, from, to)
  }

  async #seek(file: FileHandle): Promise<void> {
    const { tail, from, follow, onStart } = this.#options
    const { size, dev, ino } = await file.stat()
    this.#fileId = `${dev}:${ino}`
    this.#seen = size
    if (follow === false) this.#limit = size
    this.#position = tail === undefined ? (from ?? 0) : await tailOffset(file, size, tail, this.#findGap(0, size))
    onStart?.(this.#position)
  }

  async #read(file: FileHandle, buffer: Bytes | undefined): Promise<Bytes | undefined> {
    for (;;) {
      this.#skip()
      const span: Span = { offset: this.#position, bytes: this.#limit - this.#position }
      if (span.bytes <= 0) return undefined
      const found = buffer ? await readInto(file, span, buffer) : await readChunk(file, span, this.#behind)
      this.#behind = found !== undefined && isFull(found)
      if (!found) return undefined
      const chunk = this.#withoutDropped(found)
      this.#advance(chunk.length)
      if (chunk.length > 0) return chunk
    }
  }

  /** Passes over what is dropped at the position. */
  #skip(): void {
    const gap = this.#findGap(this.#position, this.#position + 1)
    const bytes = Math.min(gap?.bytes ?? 0, this.#limit - this.#position)
    if (bytes <= 0) return
    this.#notices.note(this.#position, bytes)
    this.#advance(bytes)
  }

  /** What was read at the position, up to the first byte that may have been dropped before. */
  #withoutDropped(chunk: Bytes): Bytes {
    const gap = this.#findGap(this.#position, this.#position + chunk.length)
    return gap ? chunk.subarray(0, gap.offset - this.#position) : chunk
  }

  #advance(bytes: number): void {
    this.#woken = false
    this.#position += bytes
    this.#seen = Math.max(this.#seen, this.#position)
  }

  /** True when the job has cut its output off: what it writes then is read from the beginning. */
  async #isCut(): Promise<boolean> {
    // A change that brought nothing is the sign.
    if (!(this.#woken || this.#final) || !this.#file || this.#position > this.#seen) return false
    const { size } = await this.#file.stat()
    if (size >= this.#position) return false
    this.#position = 0
    this.#seen = size
    return true
  }

  /** Watches from the first time that there is nothing to read; true when it has only now begun to: look once more. */
  #watch(handle: FileHandle): boolean {
    if (this.#unwatch || this.#final) return false
    try {
      this.#unwatch = watchFile({ handle, id: this.#fileId }, () => this.#notify())
    } catch (error) {
      throw watchError(`watch ${this.#folder.outputPath}`, error)
    }
    return true
  }

  async #followEnd(): Promise<void> {
    try {
      await this.#ended(this.#gone.signal)
      this.#final = true
    } catch (error) {
      if (!this.#gone.signal.aborted) this.#failure = { error }
    }
    this.#notify()
  }

  async #change(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#woken = true
  }

  #notify(): void {
    this.#changed = true
    this.#wake?.()
    this.#wake = undefined
  }
}

/** A failure of the file system's, in our voice; others are told as they are. */
function readError(error: unknown): unknown {
  const isSystemError = error instanceof Error && 'syscall' in error && error.constructor === Error
  return isSystemError ? fileError('STORAGE_UNUSABLE', 'read the output', error) : error
}
