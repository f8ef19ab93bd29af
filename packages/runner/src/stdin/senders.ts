import type { Input } from './input.ts'

/** Who is sent a stream by this runner, and whose stream has failed. */
export class Senders {
  readonly #inputs = new Set<Input>()
  /** By the job's name; until another job of this name is started. */
  readonly #failures = new Map<string, { error: unknown }>()

  /** Sends what is to be sent to a job, and tells when that fails. */
  begin(name: string, input: Input, onFailure: () => Promise<void>): void {
    this.#failures.delete(name)
    if (!input.send) return
    this.#inputs.add(input)
    input
      .send()
      .catch(async (error: unknown) => {
        this.#failures.set(name, { error })
        await onFailure().catch(() => {})
      })
      .finally(() => this.#inputs.delete(input))
  }

  /** Throws what has become of a job's stream, if that has failed. */
  check(name: string): void {
    const failure = this.#failures.get(name)
    if (failure) throw failure.error
  }

  /** Sends nothing more. */
  close(): void {
    for (const input of this.#inputs) input.discard()
  }
}
