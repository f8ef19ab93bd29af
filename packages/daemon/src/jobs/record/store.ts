import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { CorralError, type JobConfig } from '@corral/runner'

import type { JobLog } from '../log.ts'
import { decodeConfig } from './config-json.ts'
import { isDraft, replaceFile } from './durable-file.ts'
import { type JobRecord, parseRecord } from './record.ts'

/** What has no place left on the disk. */
const full = new Set(['ENOSPC', 'EDQUOT'])

/** What was found when the storage root was opened. */
export interface FoundRecords {
  records: readonly JobRecord[]
  /** Jobs whose removal had begun. */
  removing: readonly string[]
}

/**
 * The daemon's own files of its jobs, mode 0600: `jobs/` holds a record each, `configs/` what those are started with that
 * wait for a start, `removing/` the records of jobs that are being removed, `damaged/` what was no record.
 */
export class RecordStore {
  readonly #folder: string
  readonly #log: JobLog
  /** What is being written, job by job: one after the other, so that the latest holds. */
  readonly #writing = new Map<string, Promise<void>>()

  private constructor(folder: string, log: JobLog) {
    this.#folder = folder
    this.#log = log
  }

  static async open(folder: string, log: JobLog): Promise<RecordStore> {
    for (const name of ['jobs', 'configs', 'removing', 'damaged']) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
    }
    return new RecordStore(folder, log)
  }

  /** @throws {CorralError} `STORAGE_FULL`, `STORAGE_UNUSABLE` */
  async write(record: JobRecord, { durable }: { durable: boolean }): Promise<void> {
    const { name } = record
    await this.#inTurn(name, async () => {
      const writing = replaceFile(this.#path('jobs', name), JSON.stringify(record), durable)
      await attempt(`write the record of job ${name}`, writing)
    })
  }

  /** Resolves once nothing is being written. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing.values())
  }

  async #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#writing.get(name) ?? Promise.resolve()).catch(() => {}).then(work)
    this.#writing.set(name, turn)
    try {
      await turn
    } finally {
      if (this.#writing.get(name) === turn) this.#writing.delete(name)
    }
  }

  /** Keeps what a job is started with, in JSON. */
  async writeConfig(name: string, json: string): Promise<void> {
    await attempt(`write what job ${name} is started with`, replaceFile(this.#path('configs', name), json, true))
  }

  async readConfig(name: string): Promise<JobConfig> {
    const text = await attempt(`read what job ${name} is started with`, readFile(this.#path('configs', name), 'utf8'))
    return decodeConfig(text)
  }

  /** From now on the job is one that is to be removed, whatever happens. */
  async retire(name: string): Promise<void> {
    await this.#inTurn(name, async () => {
      const retiring = rename(this.#path('jobs', name), this.#path('removing', name))
      await attempt(`remove job ${name}`, ignoreMissing(retiring))
    })
  }

  /** Nothing is left of a job that was retired, or was never acknowledged. */
  async forget(name: string): Promise<void> {
    const paths = ['jobs', 'configs', 'removing'].map((folder) => this.#path(folder, name))
    await this.#inTurn(name, async () => {
      await attempt(`remove job ${name}`, Promise.all(paths.map(async (path) => ignoreMissing(unlink(path)))))
    })
  }

  /** All records; what is none is moved aside, and what an earlier daemon has not come to the end of writing is removed. */
  async readAll(): Promise<FoundRecords> {
    await Promise.all(['jobs', 'configs'].map(async (folder) => this.#removeDrafts(folder)))
    const records: JobRecord[] = []
    const names = await this.#names('jobs')
    await this.#removeConfigsBut(names)
    for (const name of names) {
      const record = await this.#read(name)
      if (record) records.push(record)
    }
    return { records, removing: await this.#names('removing') }
  }

  /** A start that a crash has cut short may have left what its job was to be started with, secrets and all. */
  async #removeConfigsBut(names: readonly string[]): Promise<void> {
    const left = new Set(await this.#names('configs')).difference(new Set(names))
    for (const name of left) await attempt('remove what is left of a start', unlink(this.#path('configs', name)))
  }

  async #removeDrafts(folder: string): Promise<void> {
    const path = join(this.#folder, folder)
    const drafts = (await attempt('list the records', readdir(path))).filter(isDraft)
    await attempt('remove drafts of records', Promise.all(drafts.map(async (draft) => unlink(join(path, draft)))))
  }

  async #read(name: string): Promise<JobRecord | undefined> {
    const path = this.#path('jobs', name)
    const text = await readFile(path, 'utf8').catch((error: unknown) => String(error))
    const record = parseRecord(name, text)
    if (record) return record
    const aside = join(this.#folder, 'damaged', `${name}.${Date.now()}.json`)
    await attempt('move a damaged record aside', rename(path, aside))
    this.#log.error({ job: name, path: aside }, 'the record of a job is damaged: it was moved aside')
    return undefined
  }

  /** The jobs that have a file in a folder. */
  async #names(folder: string): Promise<string[]> {
    const files = await attempt('list the records', readdir(join(this.#folder, folder)))
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length))
  }

  #path(folder: string, name: string): string {
    return join(this.#folder, folder, `${name}.json`)
  }
}

/** Waits for work on files, whose failure is told in our voice. */
async function attempt<T>(attempted: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const { code: errno, path, message } = cause as NodeJS.ErrnoException
    const code = errno !== undefined && full.has(errno) ? 'STORAGE_FULL' : 'STORAGE_UNUSABLE'
    throw new CorralError(code, `could not ${attempted}: ${message}`, {
      cause,
      ...(errno !== undefined && { errno }),
      ...(path !== undefined && { path }),
    })
  }
}

async function ignoreMissing(work: Promise<void>): Promise<void> {
  await work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
