/** Wakes all who wait for the next change. */
export class Bell {
  #waiting: Set<() => void> | undefined

  ring(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const wake of waiting ?? []) wake()
  }

  /** Resolves at the next ring, or once the signal is aborted. */
  async next(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const waiting = (this.#waiting ??= new Set()).add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await promise
    waiting.delete(wake)
    signal?.removeEventListener('abort', wake)
  }
}
