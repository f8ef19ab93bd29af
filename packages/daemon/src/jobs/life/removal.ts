import type { ManagedJob } from '../job.ts'
import { EndedJobs } from '../retention/retention.ts'
import type { Rooms } from '../rooms.ts'
import { mostTimerMs } from '../timer.ts'
import type { Attempts } from './attempts.ts'

/** Removes jobs that have ended: those that somebody wants removed, and those that have been kept for long enough. */
export class Removal {
  readonly #rooms: Rooms
  readonly #attempts: Attempts
  readonly #ended = new EndedJobs()
  readonly #removing = new Map<ManagedJob, Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #sweep: Promise<void> | undefined
  #isSweeping = false

  constructor(rooms: Rooms, attempts: Attempts) {
    this.#rooms = rooms
    this.#attempts = attempts
  }

  /** A job has ended. */
  add(job: ManagedJob): void {
    const finishedAt = job.finishedAt?.getTime() ?? Date.now()
    const bytes = job.keptBytes
    this.#rooms.book.keep(job.owner, bytes)
    this.#ended.add({ name: job.name, owner: job.owner, finishedAt, bytes })
    this.expire()
  }

  /** Removes a job that has ended, and all of its output; once, however often it is asked for. */
  async remove(job: ManagedJob): Promise<void> {
    const removing = this.#removing.get(job) ?? this.#remove(job).finally(() => this.#removing.delete(job))
    this.#removing.set(job, removing)
    return removing
  }

  /** Removes what has been kept for long enough, and looks again when the next job is due. */
  expire(): void {
    if (this.#rooms.recovering || this.#isSweeping) return
    this.#sweep = this.#sweepAll()
  }

  async drain(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#sweep
    await Promise.allSettled(this.#removing.values())
  }

  /** Who ends meanwhile is looked at too: from the last look to the end of the sweep nothing is waited for. */
  async #sweepAll(): Promise<void> {
    this.#isSweeping = true
    clearTimeout(this.#timer)
    for (;;) {
      // One at a time: by the time that others are removed, the name of the next one may be that of another job.
      const due = this.#ended.due(this.#rooms.options.retention ?? {}, Date.now())
      if (!('expired' in due) || this.#rooms.draining) {
        this.#isSweeping = false
        return this.#lookAgain('nextMs' in due ? due.nextMs : undefined)
      }
      await this.#expireJob(due.expired)
    }
  }

  #lookAgain(ms: number | undefined): void {
    if (ms !== undefined && !this.#rooms.draining)
      this.#timer = setTimeout(() => this.expire(), Math.min(ms, mostTimerMs)).unref()
  }

  async #expireJob(name: string): Promise<void> {
    const job = this.#rooms.registry.find(name)
    try {
      if (job) await this.remove(job)
    } catch (error) {
      this.#rooms.log.error({ err: error, job: name }, 'could not remove a job that has been kept for long enough')
    } finally {
      // One that cannot be removed is left to the next daemon.
      this.#ended.remove(name)
    }
  }

  async #remove(job: ManagedJob): Promise<void> {
    const { store, registry, book } = this.#rooms
    const bytes = job.keptBytes
    job.isLeaving = true
    // From here on it is gone also for the next daemon.
    await store.retire(job.name).catch((error: unknown) => {
      job.isLeaving = false
      throw error
    })
    this.#ended.remove(job.name)
    registry.hide(job)
    for (const name of registry.attemptsOf(job)) await this.#attempts.remove(name)
    await store.forget(job.name)
    registry.delete(job)
    book.keep(job.owner, -bytes)
    this.#rooms.tell(job, { type: 'removed', name: job.name, at: new Date() })
  }
}
