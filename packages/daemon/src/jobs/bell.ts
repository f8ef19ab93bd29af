/** Wakes all who wait for the next change. */
export class Bell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Resolves at the next ring, or once the signal is aborted. */
  async next(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await promise
    this.#waiting.delete(wake)
    signal?.removeEventListener('abort', wake)
  }
}
