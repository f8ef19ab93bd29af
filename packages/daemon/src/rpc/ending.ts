import { DaemonError } from '../errors.ts'

/** What ends a request before its time: its client is gone, its deadline is over, or the daemon is about to end. */
export class Ending implements Disposable {
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []

  constructor(request: AbortSignal, draining?: AbortSignal) {
    this.#follow(request, () => request.reason)
    if (draining) this.#follow(draining, () => new DaemonError('DRAINING', 'the daemon is about to end: come again'))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  #follow(signal: AbortSignal, reason: () => unknown): void {
    const abort = (): void => {
      this.#controller.abort(reason())
      this[Symbol.dispose]()
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#undo.push(() => signal.removeEventListener('abort', abort))
  }

  /** Lets go of the signals: one of them lives as long as the daemon. The end of the request comes to this by itself. */
  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo()
  }
}

/** What the work comes to, unless the signal is first; the work itself goes on. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    const settled = (): void => signal.removeEventListener('abort', abort)
    work.finally(settled).then(resolve, reject)
  })
}
