import { access, constants, link, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { errnoOf, fileError } from '../errors/errno.ts'
import { ExecutionNotFoundError, JobNotFoundError } from '../errors/mistakes.ts'
import type { JobSpec, ProcessIdentity } from './job-spec.ts'
import { decodeRecord, encodeRecord, type Field, type FieldList } from './record.ts'
import { removeTree } from './remove-tree.ts'
import type { Storage } from './storage.ts'

/** What init has written down of itself and of the command. */
interface InitRecord {
  init: ProcessIdentity
  /** The uid, and gid, that the job has to itself; null: it has none of its own. */
  ownUid: number | null
  /** Null: the start has not been acknowledged. */
  started: Started | null
}

/** When the command was exec'd, and its process id on the host. */
export interface Started {
  pid: number
  at: Date
}

/** What is in the folder of a job that has ended, beside `init`. */
const ownFiles = ['output', 'gap', 'spec.json', 'exit'] as const

/** Without O_CREAT: in a folder that is being removed nothing is made. */
const appendToExisting = constants.O_WRONLY | constants.O_APPEND

/** One job's folder under the storage root. */
export class JobFolder {
  readonly name: string
  readonly path: string
  readonly #storage: Storage

  constructor(storage: Storage, name: string) {
    this.#storage = storage
    this.name = name
    this.path = join(storage.jobsFolder, name)
  }

  get outputPath(): string {
    return join(this.path, 'output')
  }

  /** Says what of a bounded output is dropped, see `GapFile`. */
  get gapPath(): string {
    return join(this.path, 'gap')
  }

  /** Where the copies of what was collected are, each under its path in the job. */
  get collectedPath(): string {
    return join(this.path, 'collected')
  }

  /** Whether there is such a job; a start in progress is none. */
  async isKnown(): Promise<boolean> {
    return (await this.readInit()) !== undefined
  }

  /** Whether there is such a folder, be it a job's or that of a start in progress. */
  async exists(): Promise<boolean> {
    return access(this.path).then(
      () => true,
      () => false,
    )
  }

  /** The error for a name that is no job. */
  notFound(): JobNotFoundError {
    return new JobNotFoundError(this.name, this.#storage.root)
  }

  /** The error for an id that no further command in the job has. */
  executionNotFound(id: string): ExecutionNotFoundError {
    return new ExecutionNotFoundError(this.name, id, this.#storage.root)
  }

  /**
   * What the job was asked to be.
   * @throws {JobNotFoundError}
   * @throws {CorralError} `STORAGE_UNUSABLE` when the file is damaged.
   */
  async readSpec(): Promise<JobSpec> {
    const bytes = await this.#read('spec.json')
    if (bytes === undefined) throw this.notFound()
    const spec = parseSpec(bytes.toString())
    if (spec) return spec
    const path = join(this.path, 'spec.json')
    throw new CorralError('STORAGE_UNUSABLE', `could not read ${path}: it is damaged, and no spec of a job`, { path })
  }

  /** The same, for those who can do without: undefined when it is missing or damaged. */
  async findSpec(): Promise<JobSpec | undefined> {
    const bytes = await this.#read('spec.json')
    return bytes && parseSpec(bytes.toString())
  }

  /** Replaces the spec, as a whole or not at all. */
  async writeSpec(spec: JobSpec): Promise<void> {
    const file = join(this.path, 'spec.json')
    const draft = `${file}.${crypto.randomUUID()}`
    try {
      await writeFile(draft, JSON.stringify(spec), { mode: 0o600, flag: 'wx' })
      await rename(draft, file)
    } catch (error) {
      await unlink(draft).catch(() => {})
      if (errnoOf(error) === 'ENOENT') throw this.notFound()
      throw fileError('STORAGE_UNUSABLE', `write ${file}`, error)
    }
  }

  /** Undefined: no such job, or a start in progress. */
  async readInit(): Promise<InitRecord | undefined> {
    const bytes = await this.#read('init')
    if (bytes === undefined) return undefined
    const record = decodeRecord(bytes)
    const [boot, pidNamespace] = [record.get('boot'), record.get('pidns')]
    const [startTime, pid] = [record.get('starttime'), record.number('pid')]
    if (boot === undefined || pidNamespace === undefined || startTime === undefined || pid === undefined)
      return undefined
    const [command, at] = [record.number('command'), record.number('started')]
    const started = command === undefined || at === undefined ? null : { pid: command, at: new Date(at) }
    return { init: { boot, pidNamespace, startTime, pid }, ownUid: record.number('uid') ?? null, started }
  }

  /** The exit record; undefined while there is none. */
  async readExit(): Promise<FieldList | undefined> {
    const bytes = await this.#read('exit')
    return bytes && decodeRecord(bytes)
  }

  /** Writes an exit record, whole or not at all, where there is none: the first one holds, and is given back. */
  async writeExit(fields: readonly Field[]): Promise<FieldList> {
    const file = join(this.path, 'exit')
    const draft = `${file}.${crypto.randomUUID()}`
    try {
      await writeFile(draft, encodeRecord(fields), { mode: 0o600, flush: true })
      await link(draft, file)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw this.notFound()
      if (errnoOf(error) !== 'EEXIST') throw fileError('STORAGE_UNUSABLE', `write ${file}`, error)
    } finally {
      await unlink(draft).catch(() => {})
    }
    const held = await this.readExit()
    if (held === undefined) throw this.notFound()
    return held
  }

  /**
   * Notes that somebody wants the job to stop, before it is signalled: the first note holds. It goes to the end of a
   * file that has a block already, so that there is room for it on a full disk. `discards`: it is to be removed then,
   * so that nothing needs to be collected from it.
   */
  async noteStopping(signal: string, discards: boolean): Promise<void> {
    const fields: Field[] = [
      ['stopping', process.hrtime.bigint().toString()],
      ['stopsignal', signal],
    ]
    if (discards) fields.push(['discard', 1])
    await this.#note(fields, 'note the stop')
  }

  /** Notes that all of the job is being killed, so that init knows that of what dies first. */
  async noteKilling(): Promise<void> {
    await this.#note([['killing', 1]], 'note the kill')
  }

  async #note(fields: readonly Field[], attempted: string): Promise<void> {
    try {
      await writeFile(join(this.path, 'init'), encodeRecord(fields), { flag: appendToExisting })
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw this.notFound()
      throw fileError('STORAGE_UNUSABLE', attempted, error)
    }
  }

  /**
   * Removes the folder with all that is in it. `init` goes first: without it a folder is no job, whoever looks.
   * False: somebody else has removed it, or is about to; the name may already be another job's.
   */
  async remove(): Promise<boolean> {
    try {
      await unlink(join(this.path, 'init'))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw fileError('STORAGE_UNUSABLE', `remove the folder of job ${this.name}`, error)
    }
    // One by one it takes half the time that a recursive removal of what may be anything takes.
    await Promise.allSettled(ownFiles.map((file) => unlink(join(this.path, file))))
    await rmdir(this.path).catch(() => this.discard())
    return true
  }

  /** Removes what a job has written to its overlays. */
  async removeLayers(): Promise<void> {
    try {
      await removeTree(join(this.path, 'changes'))
    } catch (error) {
      throw fileError('STORAGE_UNUSABLE', `remove the changes of job ${this.name}`, error)
    }
  }

  /** Removes a folder that is no job: one without `init`. */
  async discard(): Promise<void> {
    try {
      await removeTree(this.path)
    } catch (error) {
      throw fileError('STORAGE_UNUSABLE', `remove the folder of job ${this.name}`, error)
    }
  }

  async #read(file: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.path, file))
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
      throw fileError('STORAGE_UNUSABLE', `read ${join(this.path, file)}`, error)
    }
  }
}

/** Undefined: it is no spec. */
function parseSpec(text: string): JobSpec | undefined {
  try {
    const spec = JSON.parse(text) as JobSpec
    const hasCgroups = spec.cgroups === null || typeof spec.cgroups.cgroup === 'string'
    return spec.version === 1 && typeof spec.startId === 'string' && hasCgroups ? spec : undefined
  } catch {
    return undefined
  }
}
