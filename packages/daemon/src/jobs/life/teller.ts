import type { ManagedEvent } from '@corral/api'

import type { ManagedJob } from '../job.ts'
import type { Rooms } from '../rooms.ts'

/** Tells what happens to jobs. */
export class Teller {
  readonly #rooms: Rooms

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  queued(job: ManagedJob): void {
    this.#rooms.tell(job, { type: 'queued', name: job.name, at: new Date(job.record.createdAt) })
  }

  /** The current attempt has begun. Which process it was nobody knows any more of one that has ended. */
  started(job: ManagedJob): void {
    const { pid, startedAt } = job.current!.status
    this.#rooms.tell(job, { type: 'started', name: job.name, at: startedAt, pid: pid ?? 0 })
  }

  /** The latest attempt has ended, or could not be started; and what comes after it. */
  ended(job: ManagedJob, type: 'exited' | 'failed', oom = job.current?.status.oom ?? false): void {
    const status = this.#rooms.summary(job)
    const told = { ...status, attempts: status.attempts.slice(-1) }
    const at = status.finishedAt ?? new Date()
    const event = (type: 'oom' | 'exited' | 'failed'): ManagedEvent => ({ type, name: job.name, at, status: told })
    if (oom) this.#rooms.tell(job, event('oom'))
    this.#rooms.tell(job, event(type))
  }

  /** Tells of the attempt before the current one, whose end may be on the disk alone. */
  past(job: ManagedJob): void {
    const last = job.record.attempts.at(-1)
    if (!last) return
    const { phase, current, name } = job
    if (last.startedAt !== null) this.#rooms.tell(job, { type: 'started', name, at: new Date(last.startedAt), pid: 0 })
    job.phase = 'restarting'
    job.current = null
    this.ended(job, last.state === 'failed' ? 'failed' : 'exited', last.state === 'oom')
    job.phase = phase
    job.current = current
  }
}
