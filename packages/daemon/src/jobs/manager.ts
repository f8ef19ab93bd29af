import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { ManagedDescription, ManagedSummary, QuotaUsage } from '@corral/api'
import {
  CgroupRunner,
  type Change,
  type ExecConfig,
  InvalidOptionError,
  type Limits,
  NoChangesError,
  type Signal,
  type TerminalSize,
} from '@corral/runner'

import type { InputPart, Jobs, ManagedExecution, OutputPart, OutputRange, StartOrder, Told } from './contract.ts'
import { Executions } from './exec/executions.ts'
import { InputChannels } from './input/channels.ts'
import type { ManagedJob } from './job.ts'
import { Journal } from './journal/journal.ts'
import { describeJob, refreshStatus } from './life/look.ts'
import { Removal } from './life/removal.ts'
import { endAttempt, stopJob, untilEnded } from './life/stop.ts'
import { Supervisor } from './life/supervisor.ts'
import { updateLimits } from './life/update.ts'
import { StorageLock } from './lock.ts'
import { silentLog } from './log.ts'
import { checkJobManagerOptions, type JobManagerOptions } from './options.ts'
import { readOutput } from './output/reader.ts'
import { RecordStore } from './record/store.ts'
import { Onlooker } from './recover/onlooker.ts'
import { Recovery } from './recover/recover.ts'
import { Rooms } from './rooms.ts'
import { withRunning } from './running.ts'
import { Admission } from './start/admission.ts'
import { Starts } from './start/start.ts'

/** The jobs of one storage root, which it has for itself, across any number of its own deaths. */
export class JobManager implements Jobs, AsyncDisposable {
  readonly #rooms: Rooms
  readonly #held: AsyncDisposableStack
  readonly #supervisor: Supervisor
  readonly #removal: Removal
  readonly #admission: Admission
  readonly #starts: Starts
  readonly #executions: Executions
  readonly #onlooker: Onlooker
  #closing: Promise<void> | undefined

  private constructor(rooms: Rooms, held: AsyncDisposableStack) {
    this.#rooms = rooms
    this.#held = held
    this.#supervisor = new Supervisor(rooms, (job) => this.#removal.add(job))
    this.#removal = new Removal(rooms, this.#supervisor.attempts)
    this.#admission = new Admission(rooms)
    this.#starts = new Starts(rooms, this.#admission, this.#supervisor)
    this.#executions = new Executions(rooms)
    this.#onlooker = new Onlooker(rooms, this.#supervisor, this.#removal)
  }

  /**
   * Opens a storage root; resolves once every job of it is there with its true state.
   * @throws {InvalidOptionError}
   * @throws {CorralError} `STORAGE_UNUSABLE`, also when another daemon has it; `LAUNCHER_UNAVAILABLE`
   */
  static async open(options: JobManagerOptions): Promise<JobManager> {
    checkJobManagerOptions(options)
    await using held = new AsyncDisposableStack()
    const { storageRoot, cgroupParent, jobNamePrefix, ownScope, log = silentLog } = options
    const runner = held.use(
      await CgroupRunner.open({
        storageRoot,
        onExit: 'keep',
        ...(cgroupParent !== undefined && { cgroupParent }),
        ...(jobNamePrefix !== undefined && { jobNamePrefix }),
        ...(ownScope !== undefined && { ownScope }),
      }),
    )
    const folder = join(runner.storageRoot, 'daemon')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    held.use(await StorageLock.take(join(folder, 'lock')))
    const journal = held.use(await Journal.open(join(folder, 'events'), options.journal ?? {}, log))
    const store = await RecordStore.open(folder, log)
    const rooms = new Rooms(options, { runner, store, journal, inputs: new InputChannels(), log })
    const manager = new JobManager(rooms, held.move())
    await manager.#recover()
    return manager
  }

  async start(order: StartOrder): Promise<ManagedSummary> {
    return this.#rooms.summary(await this.#starts.start(order))
  }

  ownerOf(name: string): string | undefined {
    return this.#rooms.registry.find(name)?.owner
  }

  async status(name: string): Promise<ManagedSummary> {
    const job = this.#job(name)
    await refreshStatus(this.#rooms, job)
    return this.#rooms.summary(job)
  }

  async inspect(name: string): Promise<ManagedDescription> {
    return describeJob(this.#rooms, this.#job(name), await this.status(name))
  }

  all(): readonly ManagedSummary[] {
    return this.#rooms.registry.sorted.map((job) => this.#rooms.summary(job))
  }

  async stop(name: string, options: { signal?: Signal; graceMs?: number }): Promise<ManagedSummary> {
    const job = this.#job(name)
    await stopJob(this.#rooms, this.#supervisor, job, options)
    return this.#rooms.summary(job)
  }

  /** @throws {InvalidOptionError} when it has not ended, and is not to be stopped. */
  async remove(name: string, { force }: { force: boolean }): Promise<ManagedSummary> {
    const job = this.#job(name)
    if (!job.hasEnded && !force) {
      throw new InvalidOptionError('force', force, `true for a job that has not ended, as ${name}; or stop it first`)
    }
    await stopJob(this.#rooms, this.#supervisor, job, { graceMs: 0 })
    const summary = this.#rooms.summary(job)
    await this.#removal.remove(job)
    return summary
  }

  async kill(name: string, signal: Signal): Promise<void> {
    const { runner } = this.#rooms
    await withRunning(this.#job(name), `send ${signal} to`, async (attempt) => runner.kill(attempt, signal))
  }

  async wait(name: string, signal: AbortSignal): Promise<ManagedSummary> {
    const job = this.#job(name)
    await untilEnded(job, signal)
    signal.throwIfAborted()
    return this.#rooms.summary(job)
  }

  output(name: string, range: OutputRange): AsyncIterable<OutputPart> {
    return readOutput(this.#rooms.runner, this.#job(name), range)
  }

  async writeInput(name: string, input: InputPart): Promise<number> {
    const { inputs } = this.#rooms
    const { phase, record } = this.#job(name)
    // One that waits for its turn takes it once it has begun.
    const isToCome = record.streamsInput && (phase === 'queued' || phase === 'starting')
    return (isToCome ? inputs.open(name) : inputs.get(name)).write(input)
  }

  async resize(name: string, size: TerminalSize): Promise<void> {
    const { runner } = this.#rooms
    await withRunning(this.#job(name), 'resize the terminal of', async (attempt) => runner.resize(attempt, size))
  }

  async update(name: string, limits: Limits): Promise<ManagedSummary> {
    await updateLimits(this.#rooms, this.#job(name), limits)
    return this.status(name)
  }

  async freeze(name: string): Promise<void> {
    await withRunning(this.#job(name), 'freeze', async (attempt) => this.#rooms.runner.freeze(attempt))
  }

  async thaw(name: string): Promise<void> {
    await withRunning(this.#job(name), 'thaw', async (attempt) => this.#rooms.runner.thaw(attempt))
  }

  async exec(name: string, config: ExecConfig & { streamsInput: boolean }): Promise<{ id: string; pid: number }> {
    return this.#executions.start(this.#job(name), config)
  }

  async execution(name: string, id: string): Promise<ManagedExecution> {
    return this.#executions.find(this.#job(name), id)
  }

  changes(name: string): AsyncIterable<Change> {
    const attempt = this.#job(name).currentName
    if (attempt === undefined)
      throw new NoChangesError(name, 'it has not been started yet, or waits to be started again')
    return this.#rooms.runner.changes(attempt)
  }

  watch(token: string | undefined, signal: AbortSignal): AsyncIterable<Told> {
    return this.#rooms.journal.watch(token, signal)
  }

  quotaUsage(owner: string): QuotaUsage {
    return this.#rooms.book.usage(owner, this.#admission.activeBytes(owner), Date.now())
  }

  /** From now on no job is started, at nobody's request and by no queue; those that run go on. */
  drain(): void {
    this.#rooms.draining = true
  }

  /** Resolves when the launcher answers. */
  async probe(): Promise<void> {
    await this.#rooms.runner.probe()
  }

  /**
   * Starts no more jobs, and stops all that run, with a grace of their own but of `graceMs` at the most; those that wait go
   * on waiting, for the next daemon.
   */
  async stopAll(graceMs: number): Promise<void> {
    await this.#startNoMore()
    const stops = this.#rooms.registry.sorted.map(async (job) => this.#stopWithin(job, graceMs))
    for (const stop of await Promise.allSettled(stops)) {
      if (stop.status === 'rejected') this.#rooms.log.error({ err: stop.reason as unknown }, 'could not stop a job')
    }
  }

  /** Leaves the storage root. Jobs run on, and those that wait go on waiting, for the next daemon. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await this.#startNoMore()
    await this.#removal.drain()
    await this.#onlooker.close()
    await this.#rooms.store.settled()
    await this.#held.disposeAsync()
  }

  /** Resolves once no start is under way any more. */
  async #startNoMore(): Promise<void> {
    this.drain()
    await this.#starts.drain()
    await this.#supervisor.drain()
  }

  async #stopWithin(job: ManagedJob, mostGraceMs: number): Promise<void> {
    if (job.phase !== 'active') return
    const { spec } = await this.#rooms.runner.inspect(job.currentName!)
    const isLong = spec.stopGraceMs > mostGraceMs
    await endAttempt(this.#rooms, job, isLong ? { graceMs: mostGraceMs } : {})
    while (job.phase === 'active') await job.changed.next()
  }

  async #recover(): Promise<void> {
    try {
      await new Recovery(this.#rooms, this.#supervisor, this.#admission).run()
      this.#onlooker.begin()
      this.#removal.expire()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  #job(name: string): ManagedJob {
    return this.#rooms.registry.get(name)
  }
}
