/** What people and supervisors end a program with. */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

type Send = (signal: NodeJS.Signals) => Promise<void>

/**
 * Takes the signals that would end this process and passes them on to a job: the first as it is, the second as SIGKILL.
 * A third ends this process. One that comes before there is a job waits for it.
 */
export class SignalRelay implements Disposable {
  #send: Send | undefined
  #waiting: NodeJS.Signals | undefined
  #count = 0
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
    for (const signal of passedOn) process.on(signal, this.#take)
  }

  /** From now on signals go to the job, the one that has been waiting first. */
  passTo(send: Send): void {
    this.#send = send
    if (this.#waiting) this.#deliver(this.#waiting)
  }

  [Symbol.dispose](): void {
    for (const signal of passedOn) process.off(signal, this.#take)
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    if (++this.#count === 1) return this.#deliver(signal)
    this[Symbol.dispose]()
    this.#deliver('SIGKILL')
  }

  #deliver(signal: NodeJS.Signals): void {
    this.#waiting = signal
    this.#send?.(signal).catch(this.#onError)
  }
}
