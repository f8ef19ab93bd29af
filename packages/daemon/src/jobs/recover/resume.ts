import type { ManagedJob } from '../job.ts'
import { endAttempt, type StopWish } from '../life/stop.ts'
import type { Supervisor } from '../life/supervisor.ts'
import { Teller } from '../life/teller.ts'
import type { Rooms } from '../rooms.ts'
import { stateOf } from '../summary.ts'

/** Carries on with jobs that were found on the disk, each from where it is in its life. */
export class Resumption {
  readonly #rooms: Rooms
  readonly #supervisor: Supervisor
  readonly #teller: Teller

  constructor(rooms: Rooms, supervisor: Supervisor) {
    this.#rooms = rooms
    this.#supervisor = supervisor
    this.#teller = new Teller(rooms)
  }

  resume(job: ManagedJob): void {
    if (job.phase === 'ended') {
      this.#teller.ended(job, stateOf(job) === 'failed' ? 'failed' : 'exited')
      return this.#supervisor.laidToRest(job)
    }
    this.#rooms.book.take(job.owner, job.record.demand)
    this.#teller.past(job)
    if (job.phase === 'queued') return this.#resumeQueued(job)
    this.#rooms.slots.take(job.owner)
    if (job.phase === 'restarting') return this.#resumeRestarting(job)
    this.#resumeActive(job)
  }

  #resumeQueued(job: ManagedJob): void {
    this.#teller.queued(job)
    this.#supervisor.enqueue(job)
    if (job.record.stop) void this.#supervisor.cancel(job)
  }

  #resumeRestarting(job: ManagedJob): void {
    if (job.record.stop) void this.#supervisor.cancel(job)
    else this.#supervisor.awaitRestart(job)
  }

  #resumeActive(job: ManagedJob): void {
    const { status } = job.current!
    this.#teller.started(job)
    if (!status.active) return this.#supervisor.ended(job, status)
    this.#supervisor.follow(job)
    if (job.record.stop) this.#resumeStop(job, job.record.stop)
  }

  /** An earlier daemon was asked to stop it, and may not have come to its killing. */
  #resumeStop(job: ManagedJob, wish: StopWish): void {
    endAttempt(this.#rooms, job, wish).catch((error: unknown) => {
      this.#rooms.log.error({ err: error, job: job.name }, 'could not stop a job')
    })
  }
}
