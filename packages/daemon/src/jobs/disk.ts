import { statfs } from 'node:fs/promises'

import { CorralError } from '@corral/runner'

/** Bytes that have to be free when a job is started. */
export const defaultMinFreeBytes = 64 * 1024 ** 2

/** Milliseconds for which what was found to be free is taken to be so: many starts need not all ask. */
const freshMs = 250

/** How much room there is for jobs. */
export class FreeSpace {
  readonly #storageRoot: string
  readonly #minBytes: number
  #bytes = 0
  #at = -Infinity

  constructor(storageRoot: string, minBytes: number) {
    this.#storageRoot = storageRoot
    this.#minBytes = minBytes
  }

  /**
   * Refuses a start while there is too little: the jobs that run need it.
   * @throws {CorralError} `STORAGE_FULL`
   */
  async check(): Promise<void> {
    if (performance.now() - this.#at > freshMs || this.#bytes < this.#minBytes) await this.#look()
    if (this.#bytes >= this.#minBytes) return
    const message =
      `no job is started while fewer than ${this.#minBytes} bytes are free for ${this.#storageRoot} ` +
      `(now ${this.#bytes}): remove jobs that have ended, or make room`
    throw new CorralError('STORAGE_FULL', message, { path: this.#storageRoot, errno: 'ENOSPC' })
  }

  async #look(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#storageRoot)
    this.#bytes = bavail * bsize
    this.#at = performance.now()
  }
}
