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

/** One listener's events that it has not taken yet. */
class EventQueue {
  readonly #events: JobEvent[] = []
  #wake = (): void => {}
  #over = false

  push(event: JobEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  end(): void {
    this.#over = true
    this.#wake()
  }

  /** The next event; undefined once there are no more to come. */
  async next(): Promise<JobEvent | undefined> {
    for (;;) {
      const event = this.#events.shift()
      if (event || this.#over) return event
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Hands events to any number of listeners, each at its own pace. */
export class EventHub {
  readonly #queues = new Set<EventQueue>()

  get watched(): boolean {
    return this.#queues.size > 0
  }

  emit(event: JobEvent): void {
    for (const queue of this.#queues) queue.push(event)
  }

  /** Ends all listeners once they have taken what was emitted. */
  close(): void {
    for (const queue of this.#queues) queue.end()
  }

  /** All events from now on, until the consumer breaks off, the signal is aborted or the hub is closed. */
  listen(signal?: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    const queue = new EventQueue()
    this.#queues.add(queue)
    return this.#drain(queue, signal)
  }

  async *#drain(queue: EventQueue, signal?: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    const abort = (): void => queue.end()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      signal?.throwIfAborted()
      for (let event = await queue.next(); event; event = await queue.next()) yield event
      signal?.throwIfAborted()
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#queues.delete(queue)
    }
  }
}
