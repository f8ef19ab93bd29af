import { InputChannel, inputGone } from './channel.ts'

/** Standard inputs of jobs that are sent through this daemon, by the job's name. */
export class InputChannels {
  readonly #channels = new Map<string, InputChannel>()

  /** The channel that a job is to read from. */
  open(name: string): InputChannel {
    const channel = this.#channels.get(name) ?? new InputChannel(`job ${name}`)
    this.#channels.set(name, channel)
    return channel
  }

  /** @throws {DaemonError} `INPUT_GONE` */
  get(name: string): InputChannel {
    const channel = this.#channels.get(name)
    if (channel) return channel
    throw inputGone(`job ${name}`)
  }

  /** The job has ended. */
  close(name: string): void {
    this.#channels.get(name)?.close()
    this.#channels.delete(name)
  }
}
