import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf, fileError } from '../errors/errno.ts'
import type { JobFolder, Started } from './job-folder.ts'
import { decodeRecord, type FieldList } from './record.ts'

/** Longer than any record. */
const recordBytes = 4096

/** Whether a record is that of a command that has ended. */
export function isWhole(record: FieldList): boolean {
  return record.get('finished') !== undefined
}

/** What the record of a further command says so far. */
export async function readExecRecord(record: FileHandle): Promise<FieldList> {
  try {
    const { buffer, bytesRead } = await record.read(Buffer.alloc(recordBytes), 0, recordBytes, 0)
    return decodeRecord(buffer.subarray(0, bytesRead))
  } catch (error) {
    throw fileError('STORAGE_UNUSABLE', 'read the record of a command', error)
  }
}

/** The folder of a further command in a job: its output and its record. */
export class ExecFolder {
  readonly id: string
  readonly path: string
  readonly job: JobFolder

  constructor(job: JobFolder, id: string) {
    this.id = id
    this.path = join(job.path, 'exec', id)
    this.job = job
  }

  get outputPath(): string {
    return join(this.path, 'output')
  }

  /** Says what of a bounded output is dropped, see `GapFile`. */
  get gapPath(): string {
    return join(this.path, 'gap')
  }

  /** Whether it is there; it goes with the job. */
  async isKnown(): Promise<boolean> {
    const record = await this.openRecord()
    await record?.close()
    return record !== undefined
  }

  /** The error for what is not there, or no longer: it, or all of the job. */
  async notFound(): Promise<Error> {
    return (await this.job.isKnown()) ? this.job.executionNotFound(this.id) : this.job.notFound()
  }

  /** When its command was exec'd, and its process id on the host; undefined: it is not there, or was never exec'd. */
  async readStarted(): Promise<Started | undefined> {
    const record = await this.#read()
    const [pid, at] = [record?.number('command'), record?.number('started')]
    return pid === undefined || at === undefined ? undefined : { pid, at: new Date(at) }
  }

  /** True when it is no longer there, too. */
  async hasEnded(): Promise<boolean> {
    const record = await this.#read()
    return !record || isWhole(record)
  }

  async #read(): Promise<FieldList | undefined> {
    const record = await this.openRecord()
    try {
      return record && (await readExecRecord(record))
    } finally {
      await record?.close()
    }
  }

  /** Opens the record, which init completes at the end: it can be read then, whatever has become of the folder. */
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
