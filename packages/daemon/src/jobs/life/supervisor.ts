import type { ManagedFailure } from '@corral/api'
import type { CorralError, JobConfig } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import type { SizedStatus } from '../output/sizes.ts'
import type { Plan } from '../record/record.ts'
import { backoffMs, isRestarted, ranForLong } from '../restart/policy.ts'
import type { Rooms } from '../rooms.ts'
import { mostTimerMs } from '../timer.ts'
import { Attempts } from './attempts.ts'
import { Teller } from './teller.ts'

/** Milliseconds before a start is tried again for which there was no room on the disk: nobody tells when there is. */
const diskPauseMs = 5_000

/** Who is told that a job has ended for good. */
type EndListener = (job: ManagedJob) => void

/** Leads jobs through their lives: from the queue to their start, from an end to the next start, or to the last one. */
export class Supervisor {
  readonly #rooms: Rooms
  readonly #attempts: Attempts
  readonly #teller: Teller
  readonly #onEnd: EndListener
  readonly #starting = new Set<Promise<void>>()
  /** While the disk is full, nothing is taken from the queue. */
  #diskTimer: NodeJS.Timeout | undefined

  constructor(rooms: Rooms, onEnd: EndListener) {
    this.#rooms = rooms
    this.#attempts = new Attempts(rooms)
    this.#teller = new Teller(rooms)
    this.#onEnd = onEnd
  }

  get attempts(): Attempts {
    return this.#attempts
  }

  /** Starts a job for the first time, at the request of somebody who is told when that fails. */
  async startFirst(job: ManagedJob, config: JobConfig): Promise<void> {
    await this.#track(job, this.#attempts.start(job, config))
    this.#began(job)
  }

  /** A job waits for its turn. */
  enqueue(job: ManagedJob): void {
    job.enter('queued')
    this.#rooms.queue.add(job)
  }

  /** Starts what may run of the jobs that wait. */
  pump(): void {
    const { queue, slots } = this.#rooms
    for (;;) {
      if (this.#rooms.draining || this.#rooms.recovering || this.#diskTimer) return
      const job = queue.next(({ owner }) => slots.hasRoom(owner))
      if (!job) return
      queue.remove(job)
      slots.take(job.owner)
      this.#startWaiting(job, 'queued')
    }
  }

  /** An attempt runs: waits for its end. */
  follow(job: ManagedJob): void {
    this.#followToEnd(job).catch((error: unknown) => {
      this.#rooms.log.error({ err: error, job: job.name }, 'could not deal with the end of a job')
    })
  }

  /** Starts a job again at the time that its plan says. */
  awaitRestart(job: ManagedJob): void {
    const { plan } = job.record
    if (this.#rooms.draining || plan.do !== 'restart') return
    const waitMs = Math.min(Math.max(0, plan.at - Date.now()), mostTimerMs)
    job.timer = setTimeout(() => this.#startWaiting(job, 'restarting'), waitMs)
  }

  /** A job that does not run is not to be started any more. */
  async cancel(job: ManagedJob): Promise<void> {
    clearTimeout(job.timer)
    if (job.phase === 'queued') this.#rooms.queue.remove(job)
    this.conclude(job, { do: 'nothing', state: 'stopped', failure: null, finishedAt: Date.now() })
    await this.#rooms.keep(job)
  }

  /** A job has ended for good; with a plan, otherwise than by the end of its latest attempt. */
  conclude(job: ManagedJob, plan?: Extract<Plan, { do: 'nothing' }>): void {
    const { slots, book } = this.#rooms
    if (job.phase !== 'queued') slots.give(job.owner)
    book.give(job.owner, job.record.demand)
    if (plan) job.record.plan = plan
    job.phase = 'ended'
    this.#teller.ended(job, plan?.state === 'failed' ? 'failed' : 'exited')
    job.changed.ring()
    this.#rooms.inputs.close(job.name)
    this.#onEnd(job)
    this.pump()
  }

  /** A job that was found has ended before. */
  laidToRest(job: ManagedJob): void {
    this.#onEnd(job)
  }

  /** Decides what comes after the end of an attempt. */
  ended(job: ManagedJob, status: SizedStatus): void {
    const { number } = job.current!
    job.current = { number, status }
    const { record } = job
    if (record.stop || !isRestarted(record.restart, status, number - 1)) return this.conclude(job)
    const [startedAt, finishedAt] = [status.startedAt.getTime(), status.finishedAt?.getTime() ?? null]
    if (ranForLong(record.restart, startedAt, finishedAt)) record.quickRestarts = 0
    job.shelve()
    this.#planRestart(job, 'exited', status.oom)
  }

  /** Nothing is started any more; resolves when what is being started has come to its end. */
  async drain(): Promise<void> {
    clearTimeout(this.#diskTimer)
    for (const job of this.#rooms.registry.sorted) clearTimeout(job.timer)
    await Promise.allSettled(this.#starting)
  }

  async #followToEnd(job: ManagedJob): Promise<void> {
    const { current } = job
    const status = await this.#attempts.end(job)
    if (job.current !== current || job.phase !== 'active') return
    if (status) this.ended(job, status)
    // Somebody else has removed it: how it ended nobody will know.
    else if (!this.#rooms.draining) {
      this.conclude(job, { do: 'nothing', state: 'lost', failure: null, finishedAt: Date.now() })
    }
  }

  #began(job: ManagedJob): void {
    if (!job.visible) this.#rooms.registry.show(job)
    job.enter('active')
    this.#teller.started(job)
    this.follow(job)
  }

  /** Starts a job that has waited; when that fails, it is the job that has failed. */
  #startWaiting(job: ManagedJob, waited: 'queued' | 'restarting'): void {
    job.enter('starting')
    const starting = this.#startNext(job).catch((error: unknown) => this.#couldNotStart(job, waited, error))
    void this.#track(job, starting)
  }

  async #startNext(job: ManagedJob): Promise<void> {
    await this.#rooms.freeSpace.check()
    // Else the next daemon would take an attempt that is over for the latest.
    if (!job.isWritten) await this.#rooms.write(job)
    const config = await this.#rooms.store.readConfig(job.name)
    await this.#attempts.dropOld(job)
    await this.#attempts.start(job, config)
    this.#began(job)
  }

  #couldNotStart(job: ManagedJob, waited: 'queued' | 'restarting', error: unknown): void {
    const { code, message } = error as CorralError
    // It stays as it was, for the next daemon.
    if (code === 'CLOSED') return job.enter(waited)
    if (code === 'STORAGE_FULL') return this.#postpone(job, waited, error)
    const failure: ManagedFailure = { code: code ?? 'START_FAILED', message }
    this.#rooms.log.warn({ err: error, job: job.name }, 'could not start a job that has waited')
    this.#noteFailure(job, failure)
  }

  #noteFailure(job: ManagedJob, failure: ManagedFailure): void {
    const { record } = job
    const finishedAt = Date.now()
    job.shelve()
    const restarts = record.starts
    job.note({ ...neverStarted, number: restarts + 1, finishedAt, failure })
    if (!record.stop && isRestarted(record.restart, { state: 'failed', exitStatus: null }, restarts)) {
      return this.#planRestart(job, 'failed', false)
    }
    this.conclude(job, { do: 'nothing', state: 'failed', failure, finishedAt })
    void this.#rooms.keep(job)
  }

  /** There is no room on the disk: tries again later. */
  #postpone(job: ManagedJob, waited: 'queued' | 'restarting', error: unknown): void {
    this.#rooms.log.warn({ err: error, job: job.name }, 'a job waits for room on the disk')
    if (waited === 'restarting') {
      job.record.plan = { do: 'restart', at: Date.now() + diskPauseMs }
      job.enter('restarting')
      return this.awaitRestart(job)
    }
    this.#rooms.slots.give(job.owner)
    this.enqueue(job)
    this.#diskTimer ??= setTimeout(() => {
      this.#diskTimer = undefined
      this.pump()
    }, diskPauseMs)
  }

  #planRestart(job: ManagedJob, type: 'exited' | 'failed', oom: boolean): void {
    const { record } = job
    record.plan = { do: 'restart', at: Date.now() + backoffMs(record.restart, record.quickRestarts) }
    record.quickRestarts++
    record.promised = true
    job.enter('restarting')
    this.#teller.ended(job, type, oom)
    void this.#rooms.keep(job)
    this.awaitRestart(job)
  }

  /** Notes that a job is being started; `drain` waits for it, and so does who wants to stop it. */
  async #track(job: ManagedJob, starting: Promise<void>): Promise<void> {
    const settled = starting.catch(() => {})
    job.starting = settled
    this.#starting.add(settled)
    try {
      await starting
    } finally {
      this.#starting.delete(settled)
    }
  }
}

const neverStarted = {
  state: 'failed',
  exitStatus: null,
  signal: null,
  startedAt: null,
  outputBytes: 0,
  droppedBytes: 0,
  kept: false,
} as const
