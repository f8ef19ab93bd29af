import { CorralError } from '../errors/corral-error.ts'
import type { JobStatus } from '../job/status.ts'

/**
 * What happened to a job of the storage root, whoever started it.
 * `oom` comes before the `exited` of a job that was killed for memory.
 */
export type JobEvent =
  | { type: 'started'; name: string; at: Date; pid: number }
  | { type: 'oom'; name: string; at: Date; status: JobStatus }
  | { type: 'exited'; name: string; at: Date; status: JobStatus }
  | { type: 'removed'; name: string; at: Date }

/** Most events that are kept for a listener that does not take them. */
const mostUntaken = 65_536

/** One listener's events that it has not taken yet. */
class EventQueue {
  #events: JobEvent[] = []
  #taken = 0
  #wake = (): void => {}
  #over = false
  #failure: { error: unknown } | undefined

  /** False: it is full. */
  push(event: JobEvent): boolean {
    this.#events.push(event)
    this.#wake()
    return this.#events.length - this.#taken <= mostUntaken
  }

  /** Ends it once all has been taken. */
  end(): void {
    this.#over = true
    this.#wake()
  }

  /** Ends it with an error, in place of what has not been taken. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#events = []
    this.#taken = 0
    this.#wake()
  }

  /** The next event; undefined once there are no more to come. */
  async next(): Promise<JobEvent | undefined> {
    for (;;) {
      if (this.#failure) throw this.#failure.error
      const event = this.#take()
      if (event || this.#over) return event
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #take(): JobEvent | undefined {
    const event = this.#events[this.#taken]
    if (event) this.#taken++
    // What has been taken is let go of when nothing is left, and now and then: shifting a long array is slow.
    if (this.#taken === this.#events.length || this.#taken >= 1024) {
      this.#events.splice(0, this.#taken)
      this.#taken = 0
    }
    return event
  }
}

/** Hands events to any number of listeners, each at its own pace. */
export class EventHub {
  readonly #queues = new Set<EventQueue>()

  get watched(): boolean {
    return this.#queues.size > 0
  }

  emit(event: JobEvent): void {
    for (const queue of this.#queues) if (!queue.push(event)) this.#drop(queue, eventsLost())
  }

  /** Ends all listeners once they have taken what was emitted. */
  close(): void {
    for (const queue of this.#queues) queue.end()
    this.#queues.clear()
  }

  /** Ends all listeners with an error: what happens from now on is not known. */
  fail(error: unknown): void {
    for (const queue of this.#queues) this.#drop(queue, error)
  }

  /**
   * All events from this call on, until the consumer breaks off, the signal is aborted or the hub is closed. `begin`
   * is awaited before the first is given, and gives what is to be called at the end.
   */
  listen(begin: () => Promise<() => void>, signal?: AbortSignal): AsyncIterableIterator<JobEvent, void> {
    const queue = new EventQueue()
    const abort = (): void => this.#drop(queue, signal!.reason)
    if (signal?.aborted) queue.fail(signal.reason)
    else this.#queues.add(queue)
    signal?.addEventListener('abort', abort, { once: true })
    const events = this.#drain(queue, begin)
    const leave = (): void => {
      signal?.removeEventListener('abort', abort)
      this.#queues.delete(queue)
      queue.end()
    }
    return {
      async next() {
        const result = await events.next().catch((error: unknown) => {
          leave()
          throw error
        })
        if (result.done) leave()
        return result
      },
      // A generator that was never begun, or that waits, would not come to its own end.
      async return() {
        leave()
        return events.return()
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  async *#drain(queue: EventQueue, begin: () => Promise<() => void>): AsyncGenerator<JobEvent, void, undefined> {
    const end = await begin()
    try {
      for (let event = await queue.next(); event; event = await queue.next()) yield event
    } finally {
      end()
    }
  }

  #drop(queue: EventQueue, error: unknown): void {
    this.#queues.delete(queue)
    queue.fail(error)
  }
}

function eventsLost(): CorralError {
  const message = `events were lost: the listener has left more than ${mostUntaken} of them untaken`
  return new CorralError('CONTROL_FAILED', message)
}
