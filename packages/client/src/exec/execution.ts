import { execStatusFromProto, terminalSizeToProto } from '@corral/api'
import type { ExecStatus, OutputOptions, Signal, TerminalSize } from '@corral/runner'
import { JobEndedError, JobNotFoundError } from '@corral/runner/errors'

import type { Link } from '../calls/link.ts'
import { fromMessage, toMessage } from '../calls/messages.ts'
import { streamOutput } from '../output/output.ts'
import type { Target } from '../output/reader.ts'
import type { RunnerExecution } from '../runner.ts'
import { sendInput } from '../stdin/sender.ts'
import { Sender } from '../stdin/senders.ts'

/** A further command in a job of a daemon's. It ends with the job at the latest, and does not end with this runner. */
export class RemoteExecution implements RunnerExecution {
  readonly id: string
  readonly job: string
  readonly pid: number
  readonly #link: Link
  readonly #target: Target
  /** Its end has been seen. */
  readonly #over = new AbortController()
  #sender: Sender | undefined

  constructor(link: Link, { job, id, pid }: { job: string; id: string; pid: number }) {
    this.#link = link
    this.job = job
    this.id = id
    this.pid = pid
    this.#target = { name: job, execId: id }
  }

  /** Sends it a stream as its standard input; it is killed when that fails. */
  send(stream: AsyncIterable<string | Uint8Array>): void {
    const sending = sendInput(this.#link, this.#target, stream, async (signal) => this.#end(signal))
    this.#sender = new Sender(sending, async () => this.kill('SIGKILL'))
  }

  /** Kills it when the signal is aborted. */
  killOn(signal: AbortSignal): void {
    const kill = (): void => void this.kill('SIGKILL').catch(() => {})
    if (signal.aborted) return kill()
    const until = AbortSignal.any([this.#over.signal, this.#link.closed])
    signal.addEventListener('abort', kill, { once: true, signal: until })
  }

  output(options: OutputOptions = {}): ReadableStream<Uint8Array> {
    return streamOutput(this.#link, this.#target, options)
  }

  async wait(options: { signal?: AbortSignal } = {}): Promise<ExecStatus> {
    const status = await this.#end(options.signal)
    this.#sender?.check()
    return status
  }

  /** It is sent again only when the daemon is sure not to have got it: see `RemoteRunner.kill`. */
  async kill(signal: Signal): Promise<void> {
    const request = { ...this.#target, signal }
    await this.#link.ask((options) => this.#link.jobs.kill(request, options), { isRepeatable: false })
  }

  async resize(size: TerminalSize): Promise<void> {
    const request = { ...this.#target, size: toMessage(() => terminalSizeToProto(size)) }
    await this.#link.ask((options) => this.#link.jobs.resize(request, options))
  }

  /** Kills it if it runs, and removes its output, which would else stay as long as the job. */
  async remove(): Promise<void> {
    this.#over.abort()
    const request = { ...this.#target, force: true }
    try {
      await this.#link.ask((options) => this.#link.jobs.remove(request, options), { waits: true })
    } catch (error) {
      if (!(error instanceof JobNotFoundError || error instanceof JobEndedError)) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  async #end(signal?: AbortSignal): Promise<ExecStatus> {
    const { jobs, address } = this.#link
    const { exec } = await this.#link.ask((options) => jobs.wait(this.#target, options), { signal, waits: true })
    this.#over.abort()
    return fromMessage(address, () => execStatusFromProto(exec!))
  }
}
