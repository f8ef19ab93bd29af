import { fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

import { CorralError } from '../errors/corral-error.ts'
import { errnoOf } from '../errors/errno.ts'
import { decodeRecord } from '../store/record.ts'

/** Longer than what the file holds. */
const recordBytes = 64

/** A part of an output that was dropped. */
export interface OutputGap {
  offset: number
  bytes: number
}

/**
 * Says what of an output is dropped: the file `gap` beside it, whose size is where the hole in it ends. init sets that
 * before it makes the hole, so that whoever looks here after a read knows whether that was of what there is. See
 * launcher/output.c.
 */
export class GapFile {
  readonly #gap: FileHandle
  readonly #head: number

  private constructor(gap: FileHandle, head: number) {
    this.#gap = gap
    this.#head = head
  }

  /** Undefined: the output is not bounded. */
  static async open(path: string): Promise<GapFile | undefined> {
    const gap = await openIfThere(path)
    if (!gap) return undefined
    try {
      const { buffer, bytesRead } = await gap.read(Buffer.alloc(recordBytes), 0, recordBytes, 0)
      const head = decodeRecord(buffer.subarray(0, bytesRead)).number('head')
      if (head !== undefined) return new GapFile(gap, head)
    } catch (error) {
      await gap.close()
      throw error
    }
    await gap.close()
    const message = `could not read ${path}: it does not say where what was dropped of the output begins`
    throw new CorralError('STORAGE_UNUSABLE', message, { path })
  }

  /**
   * What is dropped by now of an output's bytes from an offset up to another, from the first such byte on. Not on the thread pool:
   * it is asked at each read, and takes a microsecond.
   */
  find(output: FileHandle, from: number, to: number): OutputGap | undefined {
    const end = fstatSync(this.#gap.fd).size
    const offset = Math.max(from, this.#head)
    if (end <= offset || to <= offset) return undefined
    // A job that has cut its output off has done so to the hole as well.
    if (end > fstatSync(output.fd).size) return undefined
    return { offset, bytes: end - offset }
  }

  async close(): Promise<void> {
    await this.#gap.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
