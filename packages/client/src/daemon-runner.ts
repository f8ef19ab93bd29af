import {
  descriptionFromProto,
  infoFromProto,
  type Job,
  limitsToProto,
  type ManagedDescription,
  type ManagedEvent,
  type ManagedInfo,
  type ManagedStartOptions,
  type ManagedSummary,
  startRequestToProto,
  summaryFromProto,
  terminalSizeToProto,
  durationToProto,
} from '@corral/api'
import type {
  Change,
  ExecConfig,
  JobConfig,
  Limits,
  OutputOptions,
  Signal,
  StopOptions,
  TerminalSize,
} from '@corral/runner'
import { InvalidOptionError, JobNotFoundError } from '@corral/runner/errors'

import { Link } from './calls/link.ts'
import { fromMessage, toMessage } from './calls/messages.ts'
import { watchEvents } from './events/events.ts'
import { startExecution } from './exec/start.ts'
import { readChanges } from './files/changes.ts'
import { type CollectedEntry, readCollected } from './files/collected.ts'
import { streamOutput } from './output/output.ts'
import type { Runner, RunnerExecution } from './runner.ts'
import { sampleStats, type StatsOptions, type StatsSample } from './stats/stats.ts'
import { sendInput } from './stdin/sender.ts'
import { Senders } from './stdin/senders.ts'
import { streamOf } from './stdin/stream.ts'

/** As many jobs as a daemon gives at once. */
const pageSize = 1000

/**
 * Runs jobs on a daemon: the library's runner, wherever that is. Connections come and go; what is asked of the daemon is
 * asked again, and streams go on where they were. Jobs have nothing to do with it: they are there after `close`.
 */
export class DaemonRunner implements Runner {
  readonly #link: Link
  readonly #senders = new Senders()

  protected constructor(link: Link) {
    this.#link = link
  }

  /** The daemon's address. */
  get storageRoot(): string {
    return this.#link.address
  }

  /**
   * Starts a job; resolves to its name once its command has been exec'd, or once it has been queued. When the connection is
   * lost it is asked for again under the same id, so that there is one job, however often it takes. A stream as `stdin` is
   * sent by this process; a file is one of the daemon's host.
   * @throws what the library throws, and RemoteError for what the daemon does not allow.
   */
  async start(options: JobConfig & ManagedStartOptions): Promise<string> {
    const { config, stream } = streamOf(options)
    const request = toMessage(() => startRequestToProto(config, crypto.randomUUID()))
    const { job } = await this.#link.ask((options) => this.#link.jobs.start(request, options))
    const { name, createdAt } = this.#read(job)
    this.#senders.forget(name)
    if (stream) this.#send(name, createdAt, stream)
    return name
  }

  #send(name: string, createdAt: Date, stream: AsyncIterable<string | Uint8Array>): void {
    const ended = async (signal: AbortSignal): Promise<unknown> => this.#end(name, signal)
    this.#senders.begin(name, sendInput(this.#link, { name, execId: '' }, stream, ended), async () => {
      // The name may have become another job's.
      const status = await this.status(name)
      if (status.createdAt.getTime() === createdAt.getTime()) await this.kill(name, 'SIGKILL')
    })
  }

  /**
   * What is known of a job now.
   * @throws {JobNotFoundError} also for a job of somebody else's.
   */
  async status(name: string): Promise<ManagedSummary> {
    const { job } = await this.#link.ask((options) => this.#link.jobs.get({ name }, options))
    return this.#read(job)
  }

  /** A job's status and what it was started with. Paths are those of the daemon's host. */
  async inspect(name: string): Promise<ManagedDescription> {
    const request = { name, describe: true }
    const { description } = await this.#link.ask((options) => this.#link.jobs.get(request, options))
    return fromMessage(this.#link.address, () => descriptionFromProto(description!))
  }

  /**
   * What a job with an overlay and `keepChanges` has added, modified and deleted; once it has ended.
   * @throws {JobNotFoundError | NoChangesError} when the first is asked for
   */
  changes(name: string): AsyncIterable<Change> {
    return readChanges(this.#link, name)
  }

  /**
   * Streams a job's output, stdout and stderr together, that of all its attempts, until it has ended for good and
   * everything was delivered. A stream that is cut off goes on where it was, with every byte once.
   */
  output(name: string, options: OutputOptions = {}): ReadableStream<Uint8Array> {
    return streamOutput(this.#link, { name, execId: '' }, options)
  }

  /**
   * Resolves with the status of a job once it has ended for good; at once when it has already.
   * @throws {JobNotFoundError}
   * @throws {CorralError} `STDIN_FAILED` when this runner's `stdin` was a stream, and that has failed: the job was killed then.
   */
  async wait(name: string, options: { signal?: AbortSignal } = {}): Promise<ManagedSummary> {
    const status = await this.#end(name, options.signal)
    this.#senders.check(name)
    return status
  }

  async #end(name: string, signal: AbortSignal | undefined): Promise<ManagedSummary> {
    const { job } = await this.#link.ask((options) => this.#link.jobs.wait({ name }, options), { signal, waits: true })
    return this.#read(job)
  }

  /**
   * Runs a further command in a running job; resolves once it has been exec'd. It is asked for again only when the daemon
   * is sure not to have got it, since it would else be run twice.
   */
  async exec(name: string, config: ExecConfig): Promise<RunnerExecution> {
    return startExecution(this.#link, name, config)
  }

  /** Gives a job's terminal another size. */
  async resize(name: string, size: TerminalSize): Promise<void> {
    const request = { name, size: toMessage(() => terminalSizeToProto(size)) }
    await this.#link.ask((options) => this.#link.jobs.resize(request, options))
  }

  /**
   * Ends a job if it has not ended, for good, and gives its last status. After that it is unknown, unless `keepOutput` was
   * set.
   * @throws {JobNotFoundError}
   */
  async stop(name: string, options: StopOptions = {}): Promise<ManagedSummary> {
    const { signal, graceMs, keepOutput, ...others } = options
    refuseOthers(others, 'signal, graceMs, keepOutput')
    const grace = graceMs === undefined ? undefined : toMessage(() => durationToProto('graceMs', graceMs))
    const request = { name, ...(signal !== undefined && { signal }), ...(grace && { grace }) }
    const { job } = await this.#link.ask((options) => this.#link.jobs.stop(request, options), { waits: true })
    const status = this.#read(job)
    if (!keepOutput) await this.#remove(name)
    return status
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#link.ask((options) => this.#link.jobs.remove({ name }, options))
    } catch (error) {
      // It was done, and the answer was lost; or somebody else did it.
      if (!(error instanceof JobNotFoundError)) throw error
    }
  }

  /**
   * Sends a signal to a job's command; SIGKILL to all of the job. When the connection is lost meanwhile it is sent again
   * only when the daemon is sure not to have got it: it then fails, and whether the job has got the signal is not known.
   * @throws {JobNotFoundError | JobEndedError}
   */
  async kill(name: string, signal: Signal): Promise<void> {
    const request = { name, signal }
    await this.#link.ask((options) => this.#link.jobs.kill(request, options), { isRepeatable: false })
  }

  /** The jobs that this caller can see and that have all of these labels, by name. */
  async list(labels: Readonly<Record<string, string>> = {}): Promise<ManagedSummary[]> {
    const given = checkLabels(labels)
    const found: ManagedSummary[] = []
    let pageToken = ''
    do {
      const request = { labels: given, pageSize, pageToken }
      const page = await this.#link.ask((options) => this.#link.jobs.list(request, options))
      found.push(...page.jobs.map((job) => this.#read(job)))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    return found
  }

  /**
   * What happens to the jobs that this caller can see, from this call on, whoever started them. Events that are not taken
   * stay with the daemon; when it no longer has them, the iterable throws a CorralError, `CONTROL_FAILED`. Ends with `close`.
   */
  events(options: { signal?: AbortSignal } = {}): AsyncIterable<ManagedEvent> {
    return watchEvents(this.#link, options)
  }

  /** Stops all processes of a job in their tracks, until `thaw`. */
  async freeze(name: string): Promise<void> {
    await this.#link.ask((options) => this.#link.jobs.freeze({ name }, options))
  }

  /** Lets a frozen job go on. */
  async thaw(name: string): Promise<void> {
    await this.#link.ask((options) => this.#link.jobs.thaw({ name }, options))
  }

  /** Changes limits of a job while it runs; those that are not named stay. */
  async update(name: string, limits: Limits): Promise<void> {
    const request = { name, limits: toMessage(() => limitsToProto(limits)) }
    await this.#link.ask((options) => this.#link.jobs.update(request, options))
  }

  /** Copies of what was collected from an ended job: of a path that was to be collected, or of one below it. */
  collected(name: string, path: string): AsyncIterable<CollectedEntry> {
    return readCollected(this.#link, name, path)
  }

  /** What the daemon is, whom it takes this caller for, and how it does. */
  async info(): Promise<ManagedInfo> {
    const { info } = await this.#link.ask((options) => this.#link.jobs.info({}, options))
    return fromMessage(this.#link.address, () => infoFromProto(info!))
  }

  /** What jobs use, again and again: of these, or of all that run. */
  stats(names: readonly string[] = [], options: StatsOptions = {}): AsyncIterable<StatsSample> {
    return sampleStats(this.#link, names, options)
  }

  /** Leaves the daemon: what is under way fails with a CorralError, `CLOSED`. Jobs stay as they are. */
  async close(): Promise<void> {
    this.#senders.close()
    this.#link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #read(job: Job | undefined): ManagedSummary {
    return fromMessage(this.#link.address, () => summaryFromProto(job!))
  }
}

function checkLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new InvalidOptionError('labels', labels, 'an object of strings')
  }
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value !== 'string') throw new InvalidOptionError(`labels.${key}`, value, 'a string without NUL')
  }
  return { ...labels }
}

function refuseOthers(others: object, known: string): void {
  for (const [key, value] of Object.entries(others)) {
    throw new InvalidOptionError(key, value, `for stop, one of ${known}`)
  }
}
