import type { Sending } from './sender.ts'

/** Which jobs are sent a stream by this runner, and whose stream has failed. */
export class Senders {
  readonly #sendings = new Set<Sending>()
  /** By the job's name; until another job of this name is started. */
  readonly #failures = new Map<string, { error: unknown }>()

  /** A job of this name begins: nothing is known of its stream. */
  forget(name: string): void {
    this.#failures.delete(name)
  }

  /** Looks after what is sent to a job; `onFailure` is called when that fails. */
  begin(name: string, sending: Sending, onFailure: () => Promise<void>): void {
    this.#sendings.add(sending)
    sending.done
      .catch(async (error: unknown) => {
        this.#failures.set(name, { error })
        await onFailure().catch(() => {})
      })
      .finally(() => this.#sendings.delete(sending))
  }

  /** Throws what has become of a job's stream, if that has failed. */
  check(name: string): void {
    const failure = this.#failures.get(name)
    if (failure) throw failure.error
  }

  /** Sends nothing more. */
  close(): void {
    for (const sending of this.#sendings) sending.stop()
  }
}
