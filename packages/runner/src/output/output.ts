import { type FileHandle, open } from 'node:fs/promises'

import { errnoOf, fileError } from '../errors/errno.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'
import type { JobFolder } from '../store/job-folder.ts'
import { readChunk, wasFull } from './buffers.ts'
import { watchFile } from './file-watch.ts'
import { tailOffset } from './tail.ts'

/** What `output` takes. */
export interface OutputOptions {
  /** Byte offset to begin at, to resume a stream that was cut off. Default 0. Not together with `tail`. */
  from?: number
  /** Go on until the job has ended and everything was delivered; else end where the output ends now. Default true. */
  follow?: boolean
  /** Begin with the last so many lines; 0: only what is yet to come. */
  tail?: number
  /** Cancels the stream, which then errors with the signal's reason. */
  signal?: AbortSignal
}

/** Checks the options of `output`. */
export function checkOutputOptions({ from, tail }: OutputOptions): void {
  for (const [option, value] of Object.entries({ from, tail })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new InvalidOptionError(option, value, 'a whole number from 0')
    }
  }
  if (from !== undefined && tail !== undefined) throw new InvalidOptionError('tail', tail, 'either `from` or `tail`')
}

/** One reader of a job's output: a position in the file, and a wish to be woken. */
class OutputReader {
  readonly #folder: JobFolder
  readonly #options: OutputOptions
  readonly #ended: (signal: AbortSignal) => Promise<unknown>
  readonly #gone = new AbortController()
  #file: FileHandle | undefined
  #unwatch: (() => void) | undefined
  #position = 0
  #behind = false
  /** Nothing more will be written: what has been read up to is the end. */
  #final = false
  #failure: unknown
  #wake: (() => void) | undefined
  #changed = false

  constructor(folder: JobFolder, options: OutputOptions, ended: (signal: AbortSignal) => Promise<unknown>) {
    this.#folder = folder
    this.#options = options
    this.#ended = ended
  }

  async start(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { signal, tail, from } = this.#options
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => this.#abort(controller), { signal: this.#gone.signal })
    try {
      if ((await this.#folder.readInit()) === undefined) throw this.#folder.notFound()
      this.#file = await open(this.#folder.outputPath)
    } catch (error) {
      throw errnoOf(error) === 'ENOENT' ? this.#folder.notFound() : openError(error)
    }
    this.#position = tail === undefined ? (from ?? 0) : await tailOffset(this.#file, tail)
    if (this.#options.follow === false) this.#final = true
    else this.#followEnd()
    if (this.#gone.signal.aborted) await this.close()
  }

  /** The next bytes, once there are some; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      if (!this.#file) return undefined
      // In this order: a change, or the end, that comes after the read is not missed.
      const final = this.#final
      this.#changed = false
      const chunk = await readChunk(this.#file, this.#position, this.#behind)
      if (chunk) {
        this.#behind = wasFull(chunk)
        this.#position += chunk.length
        return chunk
      }
      this.#behind = false
      if (final) return undefined
      if (this.#watch()) continue
      await this.#change()
    }
  }

  async close(): Promise<void> {
    this.#gone.abort()
    this.#unwatch?.()
    this.#unwatch = undefined
    const file = this.#file
    this.#file = undefined
    this.#notify()
    await file?.close()
  }

  /** Watches from the first time that there is nothing to read; true when it has only now begun to: look once more. */
  #watch(): boolean {
    if (this.#unwatch || this.#final) return false
    try {
      this.#unwatch = watchFile(this.#folder.outputPath, () => this.#notify())
    } catch (error) {
      // The folder was removed: the end is near, and announced. Anything else would leave the reader waiting.
      if (errnoOf(error) !== 'ENOENT') this.#failure = fileError('STORAGE_UNUSABLE', 'watch the output', error)
    }
    return true
  }

  #followEnd(): void {
    this.#ended(this.#gone.signal).then(
      () => {
        this.#final = true
        this.#notify()
      },
      (error: unknown) => {
        if (!this.#gone.signal.aborted) this.#failure = error
        this.#notify()
      },
    )
  }

  #change(): Promise<void> | undefined {
    if (this.#changed) return undefined
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #notify(): void {
    this.#changed = true
    this.#wake?.()
    this.#wake = undefined
  }

  #abort(controller: ReadableStreamDefaultController<Uint8Array>): void {
    controller.error(this.#options.signal!.reason)
    void this.close()
  }
}

/**
 * Streams a job's output. `ended` resolves when nothing more will be written.
 * The stream reads one chunk ahead of its consumer and no more, whatever the job writes.
 */
export function streamOutput(
  folder: JobFolder,
  options: OutputOptions,
  ended: (signal: AbortSignal) => Promise<unknown>,
): ReadableStream<Uint8Array> {
  checkOutputOptions(options)
  const reader = new OutputReader(folder, options, ended)
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => reader.start(controller),
      async pull(controller) {
        const chunk = await reader.next()
        if (options.signal?.aborted) return
        if (chunk) controller.enqueue(chunk)
        else {
          controller.close()
          await reader.close()
        }
      },
      cancel: () => reader.close(),
    },
    { highWaterMark: 1 },
  )
}

function openError(error: unknown): unknown {
  return errnoOf(error) === undefined ? error : fileError('STORAGE_UNUSABLE', 'open the output', error)
}
