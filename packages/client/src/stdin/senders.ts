import type { Sending } from './sender.ts'

/** A stream that is sent to one command. */
export class Sender {
  readonly #sending: Sending
  #failure: { error: unknown } | undefined

  /** `kill` ends the command, which is to be when its stream fails; `onSent` is called when it does not. */
  constructor(sending: Sending, kill: () => Promise<void>, onSent: () => void = () => {}) {
    this.#sending = sending
    sending.done.then(onSent, (error: unknown) => {
      this.#failure = { error }
      kill().catch(() => {})
    })
  }

  /** Throws what has become of the stream, if that has failed. */
  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Sends nothing more. */
  stop(): void {
    this.#sending.stop()
  }
}

/** The streams that are sent to jobs by this runner, and those that have failed. */
export class Senders {
  /** By the job's name; until another job of this name is started. */
  readonly #senders = new Map<string, Sender>()

  /** A job begins. */
  forget(name: string): void {
    this.#senders.delete(name)
  }

  /** It is sent a stream; `kill` ends it. */
  begin(name: string, sending: Sending, kill: () => Promise<void>): void {
    const sender = new Sender(sending, kill, () => {
      if (this.#senders.get(name) === sender) this.#senders.delete(name)
    })
    this.#senders.set(name, sender)
  }

  check(name: string): void {
    this.#senders.get(name)?.check()
  }

  close(): void {
    for (const sender of this.#senders.values()) sender.stop()
  }
}
