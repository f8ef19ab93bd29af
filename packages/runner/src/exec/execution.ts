import { JobEndedError, JobNotFoundError } from '../errors/mistakes.ts'
import { refuseUnknown } from '../errors/unknown.ts'
import { checkAbort, checkSignal } from '../job/values.ts'
import { type Signal, signalNumber } from '../job/signal.ts'
import type { Session } from '../launch/session.ts'
import { type OutputOptions, streamOutput } from '../output/output.ts'
import { checkTerminalSize } from '../stdin/check.ts'
import type { TerminalSize } from '../stdin/config.ts'
import { sizeFields } from '../stdin/fields.ts'
import type { ExecFolder } from '../store/exec-folder.ts'
import type { FieldList } from '../store/record.ts'
import type { ExecStatus } from './config.ts'
import { execEnd, execStatus } from './end.ts'
import { ask, type StartedExec } from './start.ts'

/** What an execution needs of its runner. */
export interface ExecContext {
  session: Session
  folder: ExecFolder
  /** Is called once its end has been seen. */
  onEnd?: () => void
}

/** A further command in a job, as `exec` and `execution` give it. */
export class Execution implements AsyncDisposable {
  /** Tells it from others in the job. */
  readonly id: string
  /** The job's name. */
  readonly job: string
  /** Its process id on the host. */
  readonly pid: number
  readonly startedAt: Date
  readonly #context: ExecContext
  /** What has become of a stream as its standard input, if that has failed. */
  #failure: { error: unknown } | undefined

  constructor(context: ExecContext, { pid, at, input }: StartedExec) {
    this.id = context.folder.id
    this.job = context.folder.job.name
    this.pid = pid
    this.startedAt = at
    this.#context = context
    input.send?.().catch((error: unknown) => {
      this.#failure = { error }
      this.kill('SIGKILL').catch(() => {})
    })
  }

  /** Streams its output, stdout and stderr together, until it has ended and everything was delivered; as a job's. */
  output(options: OutputOptions = {}): ReadableStream<Uint8Array> {
    return streamOutput(this.#context.folder, options, (signal) => this.#end(signal))
  }

  /**
   * Resolves once it has ended, with how.
   * @throws {ExecutionNotFoundError} when it has been removed.
   * @throws {CorralError} `STDIN_FAILED` when its standard input was a stream, and that has failed: it was killed then.
   */
  async wait(options: { signal?: AbortSignal } = {}): Promise<ExecStatus> {
    refuseUnknown('wait', options, ['signal'])
    checkAbort('signal', options.signal)
    const end = await this.#end(options.signal)
    if (this.#failure) throw this.#failure.error
    return execStatus(this.startedAt, end)
  }

  /**
   * Sends it a signal; SIGKILL goes to its whole process group.
   * @throws {JobEndedError} when it has ended.
   */
  async kill(signal: Signal): Promise<void> {
    const number = signalNumber(checkSignal('signal', signal))!
    await this.#ask('signal', [['signal', number]], `send ${signal} to a command in`)
  }

  /**
   * Gives its terminal another size.
   * @throws {JobEndedError} when it has ended.
   * @throws {CorralError} `CONTROL_FAILED` when it has none.
   */
  async resize(size: TerminalSize): Promise<void> {
    await this.#ask('resize', sizeFields(checkTerminalSize('size', size)), 'resize a terminal in')
  }

  /** Kills it if it runs, and removes its output, which would else stay as long as the job. */
  async remove(): Promise<void> {
    await this.kill('SIGKILL').catch((error: unknown) => {
      if (!(error instanceof JobEndedError)) throw error
    })
    await this.#end().catch(() => {})
    await this.#context.folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  async #end(signal?: AbortSignal): Promise<FieldList | null> {
    const { session, folder, onEnd } = this.#context
    const end = await execEnd(folder, (gone) => session.end(folder.job, gone), signal)
    onEnd?.()
    return end
  }

  async #ask(type: string, fields: readonly (readonly [string, string | number])[], attempted: string): Promise<void> {
    const { session, folder } = this.#context
    const tell = (): Promise<FieldList> =>
      ask(session, this.job, type, [['name', this.job], ['exec', folder.id], ...fields], attempted)
    try {
      await tell()
    } catch (error) {
      if (!(error instanceof JobEndedError) || (await this.#hasEnded())) throw error
      // A launcher that was not there at the start of the job did not know of it.
      await tell()
    }
  }

  /** Whether it, or the job, has ended; a job that the launcher does not know, it knows from then on. */
  async #hasEnded(): Promise<boolean> {
    const { session, folder } = this.#context
    if (await folder.hasEnded()) return true
    try {
      return (await session.follow(folder.job)) !== undefined
    } catch (error) {
      if (error instanceof JobNotFoundError) return true
      throw error
    }
  }
}
