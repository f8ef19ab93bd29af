import { applyUpdate, freezeCgroup } from './cgroup/index.ts'
import { InvalidOptionError } from './errors/mistakes.ts'
import { EventHub, type JobEvent } from './events/events.ts'
import { EventRelay } from './events/relay.ts'
import { checkConfig, checkLabels, checkMs, checkSignal, pickLimits } from './job/check.ts'
import type { JobConfig, Limits } from './job/config.ts'
import { checkName } from './job/name.ts'
import type { Signal } from './job/signal.ts'
import type { JobStatus, JobSummary } from './job/status.ts'
import type { LauncherSession } from './launch/launcher.ts'
import { Session } from './launch/session.ts'
import { startJob } from './launch/start.ts'
import { type OutputOptions, streamOutput } from './output/output.ts'
import { listJobs } from './result/list.ts'
import { lookAt, requireActive, summarize } from './result/look.ts'
import { endedStatus } from './result/status.ts'
import { JobFolder } from './store/job-folder.ts'
import type { JobSpec } from './store/job-spec.ts'
import { recover } from './store/recover.ts'
import { defaultStorageRoot, Storage } from './store/storage.ts'
import { endJob, sendSignal, type StopOptions } from './terminate/stop.ts'

/** What `CgroupRunner.open` takes. */
export interface RunnerConfig {
  /** Folder of the jobs' specs, outputs and records, mode 0700. Default: see `defaultStorageRoot`. */
  storageRoot?: string
  /** How the names of jobs begin that are given none. Default `'job.'`. */
  jobNamePrefix?: string
  /** The cgroup below which jobs live. Default: chosen as `corral doctor` says. */
  cgroupParent?: string
  /**
   * What becomes of this runner's jobs when it is closed or its process ends, however that happens: `'kill'` (default)
   * kills and removes them, `'keep'` leaves them running for a runner that opens the storage root later.
   */
  onExit?: 'kill' | 'keep'
}

/** A job's status and all that it was started with. */
export interface JobDescription extends JobSummary {
  spec: JobSpec
  /** The file that holds its output. */
  outputPath: string
}

/** Starts jobs, and watches, stops and forgets those of its storage root, whoever started them. */
export class CgroupRunner implements AsyncDisposable {
  readonly #storage: Storage
  readonly #prefix: string
  readonly #onExit: 'kill' | 'keep'
  readonly #session: Session
  readonly #hub = new EventHub()
  readonly #relay: EventRelay
  /** Jobs that go when this runner goes. */
  readonly #own = new Set<string>()
  #recovery: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  private constructor(storage: Storage, config: RunnerConfig) {
    this.#storage = storage
    this.#prefix = config.jobNamePrefix ?? 'job.'
    this.#onExit = config.onExit ?? 'kill'
    this.#session = new Session(storage, config.cgroupParent, {
      event: (event) => this.#relay.take(event),
      fresh: (session) => this.#recover(session),
      lost: () => void this.#relay.follow().catch(() => {}),
    })
    this.#relay = new EventRelay(storage, this.#session, this.#hub)
  }

  /**
   * Opens a storage root, making it when it is not there. The launcher is started when the first job is.
   * @throws {InvalidOptionError}
   * @throws {CorralError} `STORAGE_UNUSABLE`
   */
  static async open(config: RunnerConfig = {}): Promise<CgroupRunner> {
    checkRunnerConfig(config)
    return new CgroupRunner(await Storage.open(config.storageRoot ?? defaultStorageRoot()), config)
  }

  get storageRoot(): string {
    return this.#storage.root
  }

  /**
   * Starts a job; resolves to its name once its command has been exec'd.
   * @throws {InvalidOptionError | JobNameTakenError} the caller's mistakes
   * @throws {CorralError} with the step, the path and the errno; nothing is left behind.
   */
  async start(config: JobConfig): Promise<string> {
    const job = await checkConfig(config, this.#prefix)
    if (this.#onExit === 'kill') this.#own.add(job.name)
    try {
      await startJob(this.#session, this.#storage, job, this.#onExit)
    } catch (error) {
      this.#own.delete(job.name)
      throw error
    }
    return job.name
  }

  /**
   * What is known of a job now.
   * @throws {JobNotFoundError}
   */
  async status(name: string): Promise<JobStatus> {
    return lookAt(this.#folder(name))
  }

  /** A job's status and what it was started with. */
  async inspect(name: string): Promise<JobDescription> {
    const folder = this.#folder(name)
    return { ...(await summarize(folder)), outputPath: folder.outputPath }
  }

  /**
   * Streams a job's output, stdout and stderr together, from the first byte on, until it has ended and everything was
   * delivered. The stream errors with `JobNotFoundError` for an unknown job.
   */
  output(name: string, options: OutputOptions = {}): ReadableStream<Uint8Array> {
    const folder = this.#folder(name)
    return streamOutput(folder, options, (signal) => this.#session.end(folder, signal))
  }

  /**
   * Resolves with the status of a job once it has ended; at once when it has already.
   * @throws {JobNotFoundError}
   */
  async wait(name: string, { signal }: { signal?: AbortSignal } = {}): Promise<JobStatus> {
    return endedStatus(name, await this.#session.end(this.#folder(name), signal))
  }

  /**
   * Ends a job if it runs, releases all that it held, its output included, and gives its last status.
   * After that it is unknown, unless `keepOutput` was set.
   * @throws {JobNotFoundError}
   */
  async stop(name: string, options: StopOptions = {}): Promise<JobStatus> {
    if (options.signal !== undefined) checkSignal('signal', options.signal)
    if (options.graceMs !== undefined) checkMs('graceMs', options.graceMs, 0)
    const folder = this.#folder(name)
    const last = await lookAt(folder)
    if (last.active) await endJob(this.#session, folder, options)
    const status = last.active ? await this.wait(name) : last
    if (options.keepOutput) return status
    await folder.remove()
    this.#own.delete(name)
    await this.#session.announce('removed', name)
    return status
  }

  /**
   * Sends a signal to a job's command; SIGKILL to all of the job.
   * @throws {JobNotFoundError | JobEndedError}
   */
  async kill(name: string, signal: Signal): Promise<void> {
    checkSignal('signal', signal)
    const folder = this.#folder(name)
    await requireActive(folder, `send ${signal} to`)
    await sendSignal(this.#session, folder, signal)
  }

  /** Jobs of the storage root, active and ended, that have all of these labels. */
  async list(labels?: Readonly<Record<string, string>>): Promise<JobSummary[]> {
    return listJobs(this.#storage, checkLabels('labels', labels))
  }

  /** What happens to the jobs of the storage root from now on, whoever started them. */
  events({ signal }: { signal?: AbortSignal } = {}): AsyncIterable<JobEvent> {
    const first = !this.#hub.watched
    const events = this.#hub.listen(signal)
    const following = first ? this.#relay.follow() : Promise.resolve()
    following.catch(() => {})
    return this.#listen(following, events)
  }

  async *#listen(following: Promise<void>, events: AsyncGenerator<JobEvent, void>): AsyncGenerator<JobEvent, void> {
    await following
    const { connection } = await this.#session.open()
    connection.hold()
    try {
      yield* events
    } finally {
      connection.release()
    }
  }

  /** Stops all processes of a job in their tracks, until `thaw`; resolves when they have stopped. */
  async freeze(name: string): Promise<void> {
    const { cgroups } = await requireActive(this.#folder(name), 'freeze')
    await freezeCgroup(cgroups.cgroup, true)
  }

  /** Lets a frozen job go on. */
  async thaw(name: string): Promise<void> {
    const { cgroups } = await requireActive(this.#folder(name), 'thaw')
    await freezeCgroup(cgroups.cgroup, false)
  }

  /**
   * Changes limits of a job while it runs; those that are not named stay.
   * @throws {JobNotFoundError | JobEndedError | InvalidOptionError}
   * @throws {CorralError} `LIMIT_REFUSED`
   */
  async update(name: string, limits: Limits): Promise<void> {
    const folder = this.#folder(name)
    const spec = await requireActive(folder, 'update')
    const changed = pickLimits(limits)
    await applyUpdate(spec.place, name, changed)
    await folder.writeSpec({ ...spec, limits: { ...spec.limits, ...changed } })
  }

  /** Leaves the storage root. With `onExit: 'kill'` all jobs that this runner has started are stopped and removed. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const stops = await Promise.allSettled([...this.#own].map((name) => this.stop(name)))
    await this.#recovery
    this.#hub.close()
    await this.#session.close()
    await this.#storage.close()
    for (const stop of stops) {
      if (stop.status === 'rejected' && stop.reason?.name !== 'JobNotFoundError') throw stop.reason
    }
  }

  #folder(name: string): JobFolder {
    return new JobFolder(this.#storage, checkName('name', name))
  }

  #recover(session: LauncherSession): void {
    this.#recovery = recover(this.#storage, session).catch(() => {})
  }
}

function checkRunnerConfig({ storageRoot, jobNamePrefix, cgroupParent, onExit }: RunnerConfig): void {
  if (storageRoot !== undefined && (typeof storageRoot !== 'string' || storageRoot === '')) {
    throw new InvalidOptionError('storageRoot', storageRoot, 'the path of a folder')
  }
  if (jobNamePrefix !== undefined && jobNamePrefix !== '') checkName('jobNamePrefix', jobNamePrefix)
  if (cgroupParent !== undefined && !(typeof cgroupParent === 'string' && cgroupParent.startsWith('/'))) {
    throw new InvalidOptionError('cgroupParent', cgroupParent, 'an absolute path')
  }
  if (onExit !== undefined && onExit !== 'kill' && onExit !== 'keep') {
    throw new InvalidOptionError('onExit', onExit, "'kill' or 'keep'")
  }
}
