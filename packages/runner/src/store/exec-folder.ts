import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf, fileError } from '../errors/errno.ts'
import type { JobFolder } from './job-folder.ts'

/** The folder of a further command in a job: its output and its record. */
export class ExecFolder {
  readonly id: string
  readonly path: string
  readonly #job: JobFolder

  constructor(job: JobFolder, id: string) {
    this.id = id
    this.path = join(job.path, 'exec', id)
    this.#job = job
  }

  get outputPath(): string {
    return join(this.path, 'output')
  }

  /** Whether it is there; it goes with the job. */
  async isKnown(): Promise<boolean> {
    const record = await this.openRecord()
    await record?.close()
    return record !== undefined
  }

  /** The error for what is no longer there. */
  notFound(): Error {
    return this.#job.notFound()
  }

  /** Opens the record, which init fills in at the end: it can be read then, whatever has become of the folder. */
  async openRecord(): Promise<FileHandle | undefined> {
    for (const name of ['exit', 'exit.new', 'exit']) {
      try {
        return await open(join(this.path, name))
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw fileError('STORAGE_UNUSABLE', `read ${join(this.path, name)}`, error)
      }
    }
    return undefined
  }

  async remove(): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true })
    } catch (error) {
      throw fileError('STORAGE_UNUSABLE', `remove ${this.path}`, error)
    }
  }
}
