import { applyUpdate, freezeCgroup } from './cgroup/index.ts'
import { CorralError } from './errors/corral-error.ts'
import { NoChangesError } from './errors/mistakes.ts'
import { refuseUnknown } from './errors/unknown.ts'
import { EventHub, type JobEvent } from './events/events.ts'
import { EventRelay } from './events/relay.ts'
import { type Change, readChanges, upperOf } from './files/changes.ts'
import { ask, checkExec, checkExecId, Execution, startExec, type ExecConfig } from './exec/index.ts'
import { checkConfig, checkUpdate } from './job/check.ts'
import type { JobConfig, Limits } from './job/config.ts'
import { checkName } from './job/name.ts'
import type { Signal } from './job/signal.ts'
import type { JobStatus, JobSummary } from './job/status.ts'
import { checkAbort, checkLabels, checkSignal } from './job/values.ts'
import { Session } from './launch/session.ts'
import { awaitSettled } from './launch/settled.ts'
import { startJob } from './launch/start.ts'
import { type OutputOptions, streamOutput } from './output/output.ts'
import { listJobs } from './result/list.ts'
import { lookAt, requireActive, summarize } from './result/look.ts'
import { endedStatus } from './result/status.ts'
import { checkRunnerConfig, type RunnerConfig } from './runner-config.ts'
import { checkTerminalSize } from './stdin/check.ts'
import type { TerminalSize } from './stdin/config.ts'
import { sizeFields } from './stdin/fields.ts'
import { noInput } from './stdin/input.ts'
import { Senders } from './stdin/senders.ts'
import { JobFolder } from './store/job-folder.ts'
import type { JobSpec } from './store/job-spec.ts'
import type { FieldList } from './store/record.ts'
import { ExecFolder } from './store/exec-folder.ts'
import { recover } from './store/recover.ts'
import { defaultStorageRoot, Storage } from './store/storage.ts'
import { checkStopOptions, type StopOptions } from './terminate/options.ts'
import { endJob, removeLeftCgroups, sendSignal } from './terminate/stop.ts'

const withoutCgroup = 'it has no cgroup, as it was started with noLimits'

/** A job's status and all that it was started with. */
export interface JobDescription extends JobSummary {
  spec: JobSpec
  /** The uid, and gid, that it has to itself in the profile `strict`; null: it is `spec.user`. */
  ownUid: number | null
  /** The file that holds its output. */
  outputPath: string
  /** The folder with the copies of what was collected, each under its path in the job; null: nothing was to be. */
  collectedPath: string | null
  /** The folders that hold what the job wrote to its overlays; empty when that was not to be kept. */
  changedPaths: readonly { target: string; path: string }[]
}

/** A job that was started just now. */
export interface Launched {
  name: string
  /** Its command's process id on the host. */
  pid: number
  startedAt: Date
}

/** Starts jobs, and watches, stops and forgets those of its storage root, whoever started them. */
export class CgroupRunner implements AsyncDisposable {
  readonly #storage: Storage
  readonly #prefix: string
  readonly #onExit: 'kill' | 'keep'
  readonly #session: Session
  readonly #hub = new EventHub()
  readonly #relay: EventRelay
  /** Jobs that go when this runner goes: their names, which others may have by then, and their `startId`. */
  readonly #own = new Map<string, string>()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #senders = new Senders()
  /** Further commands, which go when this runner goes. */
  readonly #executions = new Set<Execution>()
  #closing: Promise<void> | undefined

  private constructor(storage: Storage, config: RunnerConfig) {
    this.#storage = storage
    this.#prefix = config.jobNamePrefix ?? 'job.'
    this.#onExit = config.onExit ?? 'kill'
    this.#session = new Session(
      storage,
      { cgroupParent: config.cgroupParent, ownScope: config.ownScope ?? false },
      {
        event: (event) => this.#take(event),
        recover: async (launcher, signal) => {
          const whenEnded = (folder: JobFolder): Promise<unknown> => this.#session.end(folder, signal)
          await recover(storage, launcher, whenEnded, signal).catch(() => {})
        },
        lost: () => this.#relay.resume(),
      },
    )
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
   * @throws {CorralError} with the step, the path and the errno; nothing is left behind. `CLOSED` after `close`.
   */
  async start(config: JobConfig): Promise<string> {
    return (await this.launch(config)).name
  }

  /** Starts a job as `start` does; tells also when its command was exec'd, and its process id on the host. */
  async launch(config: JobConfig): Promise<Launched> {
    return this.#track(this.#launch(config))
  }

  /**
   * Checks a configuration as `start` does, and starts nothing.
   * @throws {InvalidOptionError}
   */
  async check(config: JobConfig): Promise<void> {
    await checkConfig(config, this.#prefix)
  }

  /** `close` waits for what is being started. */
  async #track<T>(starting: Promise<T>): Promise<T> {
    this.#starting.add(starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(starting)
    }
  }

  async #launch(config: JobConfig): Promise<Launched> {
    const job = await checkConfig(config, this.#prefix)
    if (this.#closing) throw new CorralError('CLOSED', 'the runner has been closed')
    const { startId, started, input } = await startJob(this.#session, this.#storage, job, this.#onExit)
    if (this.#onExit === 'kill') this.#own.set(job.name, startId)
    this.#senders.begin(job.name, input, async () => {
      if ((await this.#folder(job.name).findSpec())?.startId === startId) await this.kill(job.name, 'SIGKILL')
    })
    return { name: job.name, pid: started.pid, startedAt: started.at }
  }

  /**
   * Resolves once what runners before this one have left is in order: starts that were under way have come to their end,
   * and ends that nobody saw are known. The launcher is started when there is none.
   * @throws {CorralError} `LAUNCHER_UNAVAILABLE`
   */
  async settled(): Promise<void> {
    await awaitSettled(this.#session, this.#storage)
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
    const summary = await summarize(folder)
    const ownUid = (await folder.readInit())?.ownUid ?? null
    const { collect, layers, isolation } = summary.spec
    return {
      ...summary,
      ownUid,
      outputPath: folder.outputPath,
      collectedPath: collect && folder.collectedPath,
      changedPaths: isolation.keepChanges
        ? layers.map((layer) => ({ target: layer.target, path: upperOf(layer) }))
        : [],
    }
  }

  /**
   * What a job with an overlay and `keepChanges` has added, modified and deleted, each as it is found; once it has ended.
   * @throws {JobNotFoundError | NoChangesError} when the first is asked for
   */
  async *changes(name: string): AsyncGenerator<Change> {
    const folder = this.#folder(name)
    const spec = await folder.readSpec()
    if (!spec.isolation.keepChanges) throw new NoChangesError(name, 'it was started without keepChanges')
    if ((await lookAt(folder)).active) throw new NoChangesError(name, 'it is still running')
    for (const layer of spec.layers) {
      const changes = await readChanges(layer)
      if (!changes) throw new NoChangesError(name, `nobody saw its end; what it wrote is in ${upperOf(layer)}`)
      yield* changes
    }
  }

  /**
   * Streams a job's output, stdout and stderr together, from the first byte on, until it has ended and everything was
   * delivered. The stream errors with `JobNotFoundError` for an unknown job. It is a byte stream: a reader of mode
   * `'byob'` that hands in one buffer of 2 MiB again and again gets through a long output twice as fast as others.
   */
  output(name: string, options: OutputOptions = {}): ReadableStream<Uint8Array> {
    const folder = this.#folder(name)
    return streamOutput(folder, options, (signal) => this.#session.end(folder, signal))
  }

  /**
   * Resolves with the status of a job once it has ended; at once when it has already.
   * @throws {JobNotFoundError}
   * @throws {CorralError} `STDIN_FAILED` when this runner's `stdin` was a stream, and that has failed: the job was killed then.
   */
  async wait(name: string, options: { signal?: AbortSignal } = {}): Promise<JobStatus> {
    const signal = checkCancel('wait', options)
    const end = await this.#session.end(this.#folder(name), signal)
    this.#senders.check(name)
    return endedStatus(name, end)
  }

  /**
   * Runs a further command in a running job, within all its fences and limits; resolves once it has been exec'd. It ends
   * with the job's own command at the latest, and with this runner if its `onExit` is `'kill'`.
   * @throws {InvalidOptionError | JobNotFoundError | JobEndedError}
   * @throws {CorralError} with the step, the path and the errno; nothing is left behind. A job that was started by a
   *   launcher that has died since cannot be reached: `CONTROL_FAILED`.
   */
  async exec(name: string, config: ExecConfig): Promise<Execution> {
    return this.#track(this.#exec(name, config))
  }

  async #exec(name: string, config: ExecConfig): Promise<Execution> {
    const folder = this.#folder(name)
    const spec = await folder.readSpec()
    const exec = await checkExec(config, spec, (await folder.readInit())?.ownUid ?? null)
    const { signal } = config
    signal?.throwIfAborted()
    if (this.#closing) throw new CorralError('CLOSED', 'the runner has been closed')
    await requireActive(folder, 'run a command in')
    // So that a launcher that the job does not know is no reason to take it for ended.
    await this.#session.follow(folder)
    const execFolder = new ExecFolder(folder, crypto.randomUUID())
    const lifeline = this.#onExit === 'kill'
    const started = await startExec(this.#session, this.#storage, execFolder, exec, { spec, lifeline })
    const onEnd = (): void => {
      this.#executions.delete(execution)
      signal?.removeEventListener('abort', kill)
    }
    const execution = new Execution({ session: this.#session, folder: execFolder, onEnd }, started)
    const kill = (): void => void execution.kill('SIGKILL').catch(() => {})
    if (signal?.aborted) kill()
    else signal?.addEventListener('abort', kill, { once: true })
    if (lifeline) this.#executions.add(execution)
    return execution
  }

  /**
   * A further command that `exec` ran in a job, whichever runner's, by its id; also one that has ended. What it is sent
   * as its standard input remains the business of the runner that started it.
   * @throws {InvalidOptionError | JobNotFoundError | ExecutionNotFoundError}
   */
  async execution(name: string, id: string): Promise<Execution> {
    const folder = new ExecFolder(this.#folder(name), checkExecId('id', id))
    const started = await folder.readStarted()
    if (!started) throw await folder.notFound()
    return new Execution({ session: this.#session, folder }, { ...started, input: noInput })
  }

  /**
   * Gives a job's terminal another size.
   * @throws {InvalidOptionError | JobNotFoundError | JobEndedError}
   * @throws {CorralError} `CONTROL_FAILED` when it has none.
   */
  async resize(name: string, size: TerminalSize): Promise<void> {
    const fields = sizeFields(checkTerminalSize('size', size))
    const folder = this.#folder(name)
    await requireActive(folder, 'resize the terminal of')
    await this.#session.follow(folder)
    await ask(this.#session, name, 'resize', [['name', name], ...fields], 'resize the terminal of')
  }

  /**
   * Ends a job if it runs, releases all that it held, its output included, and gives its last status.
   * After that it is unknown, unless `keepOutput` was set.
   * @throws {JobNotFoundError}
   */
  async stop(name: string, options: StopOptions = {}): Promise<JobStatus> {
    checkStopOptions(options)
    const folder = this.#folder(name)
    const spec = await folder.findSpec()
    const end = await endJob(this.#session, folder, spec, options)
    if (options.keepOutput) return endedStatus(name, end)
    await removeLeftCgroups(this.#session, name, spec, end)
    if (await folder.remove()) await this.#session.announce('removed', name)
    if (this.#own.get(name) === spec?.startId) this.#own.delete(name)
    return endedStatus(name, end)
  }

  /**
   * Sends a signal to a job's command; SIGKILL to all of the job.
   * @throws {JobNotFoundError | JobEndedError}
   */
  async kill(name: string, signal: Signal): Promise<void> {
    checkSignal('signal', signal)
    await sendSignal(this.#session, this.#folder(name), signal)
  }

  /** Jobs of the storage root, active and ended, that have all of these labels. */
  async list(labels?: Readonly<Record<string, string>>): Promise<JobSummary[]> {
    return listJobs(this.#storage, checkLabels('labels', labels))
  }

  /**
   * What happens to the jobs of the storage root from this call on, whoever started them. Ends with `close`. An iterable
   * that is asked for its next event keeps the process alive until it is left. One that leaves more than 65,536 events
   * untaken loses them: it then throws a `CorralError`, `CONTROL_FAILED`, as it does when jobs cannot be followed.
   */
  events(options: { signal?: AbortSignal } = {}): AsyncIterable<JobEvent> {
    return this.#relay.listen(checkCancel('events', options))
  }

  /** Stops all processes of a job in their tracks, until `thaw`; resolves when they have stopped. */
  async freeze(name: string): Promise<void> {
    await this.#setFrozen(name, true)
  }

  /** Lets a frozen job go on. */
  async thaw(name: string): Promise<void> {
    await this.#setFrozen(name, false)
  }

  async #setFrozen(name: string, frozen: boolean): Promise<void> {
    const folder = this.#folder(name)
    await requireActive(folder, frozen ? 'freeze' : 'thaw')
    const { cgroups } = await folder.readSpec()
    if (!cgroups) throw new CorralError('CONTROL_FAILED', `could not freeze or thaw job ${name}: ${withoutCgroup}`)
    await freezeCgroup(cgroups.cgroup, frozen)
  }

  /**
   * Changes limits of a job while it runs; those that are not named stay.
   * @throws {JobNotFoundError | JobEndedError | InvalidOptionError}
   * @throws {CorralError} `LIMIT_REFUSED`
   */
  async update(name: string, limits: Limits): Promise<void> {
    const changed = checkUpdate(limits)
    const folder = this.#folder(name)
    await requireActive(folder, 'update')
    const spec = await folder.readSpec()
    if (!spec.cgroups || spec.place.mode === 'none') {
      throw new CorralError('LIMIT_REFUSED', `could not limit job ${name}: ${withoutCgroup}`)
    }
    await applyUpdate(spec.place, name, changed)
    await folder.writeSpec({ ...spec, limits: { ...spec.limits, ...changed } })
  }

  /**
   * Resolves when the launcher answers; one is started where there is none.
   * @throws {CorralError} `LAUNCHER_UNAVAILABLE`
   */
  async probe(): Promise<void> {
    await this.#session.request('known', [])
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
    await Promise.allSettled(this.#starting)
    this.#senders.close()
    await Promise.allSettled([...this.#executions].map((execution) => execution.kill('SIGKILL')))
    const stops = await Promise.allSettled([...this.#own].map(([name, startId]) => this.#stopOwn(name, startId)))
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

  async #stopOwn(name: string, startId: string): Promise<void> {
    const spec = await this.#folder(name).findSpec()
    if (spec?.startId === startId) await this.stop(name)
  }

  #take(event: FieldList): void {
    if (event.get('event') === 'removed') this.#disown(event.get('name') ?? '').catch(() => {})
    this.#relay.take(event)
  }

  /** A name that was ours has been removed: it may be ours again already. */
  async #disown(name: string): Promise<void> {
    const startId = this.#own.get(name)
    if (startId === undefined || (await this.#folder(name).findSpec())?.startId === startId) return
    if (this.#own.get(name) === startId) this.#own.delete(name)
  }
}

/** Checks the options of what takes nothing but a signal to cancel, and gives that. */
function checkCancel(what: string, options: { signal?: AbortSignal }): AbortSignal | undefined {
  refuseUnknown(what, options, ['signal'])
  checkAbort('signal', options.signal)
  return options.signal
}
