import type { JobSummary } from '@corral/runner'

import { ManagedJob } from '../job.ts'
import type { Attempts } from '../life/attempts.ts'
import type { Supervisor } from '../life/supervisor.ts'
import { sized } from '../output/sizes.ts'
import { attemptName, type JobRecord } from '../record/record.ts'
import type { Rooms } from '../rooms.ts'
import type { Admission } from '../start/admission.ts'
import { adopt } from './adopt.ts'
import { Resumption } from './resume.ts'
import { ToldEvents } from './told.ts'

const minuteMs = 60_000

/** Finds out what has become of all jobs, by the daemon's records and by what the library knows, and carries on with them. */
export class Recovery {
  readonly #rooms: Rooms
  readonly #supervisor: Supervisor
  readonly #attempts: Attempts
  readonly #admission: Admission
  readonly #resumption: Resumption
  /** What the library knows of and nobody has claimed yet. */
  readonly #library = new Map<string, JobSummary>()
  /** Attempts after the first that the library knew at the beginning, by the name of their job. */
  #further: ReadonlyMap<string, readonly FurtherAttempt[]> = new Map()

  constructor(rooms: Rooms, supervisor: Supervisor, admission: Admission) {
    this.#rooms = rooms
    this.#supervisor = supervisor
    this.#attempts = supervisor.attempts
    this.#admission = admission
    this.#resumption = new Resumption(rooms, supervisor)
  }

  /** Resolves once every job is there with its true state. */
  async run(): Promise<void> {
    const { runner, store, journal, registry } = this.#rooms
    // Whose start is under way is in the library's list only after that.
    await runner.settled()
    const told = await ToldEvents.read(journal)
    const { records, removing } = await store.readAll()
    for (const job of await runner.list()) this.#library.set(job.name, job)
    this.#further = furtherAttempts(this.#library.keys())
    for (const name of removing) await this.#finishRemoval(name)
    for (const record of records) await this.#find(record)
    for (const job of this.#library.values()) adopt(registry, job)
    this.#rooms.recovering = told
    for (const job of inOrder(registry.sorted)) this.#carryOn(job)
    this.#tellVanished(told)
    this.#rooms.recovering = undefined
    this.#supervisor.pump()
  }

  /** A removal had begun: all attempts go. */
  async #finishRemoval(name: string): Promise<void> {
    const attempts = [name, ...(this.#further.get(name) ?? []).map((attempt) => attempt.name)]
    for (const attempt of attempts) if (this.#library.has(attempt)) await this.#removeAttempt(attempt)
    await this.#rooms.store.forget(name)
  }

  /** Makes the job of a record, in the state in which it is. */
  async #find(record: JobRecord): Promise<void> {
    const { registry, store } = this.#rooms
    const job = new ManagedJob(record, 'restarting')
    const current = this.#claim(job.nextName)
    if (!current && record.plan.do === 'start') {
      // Never acknowledged, or a loss of power has taken what was.
      if (!record.promised) return store.forget(record.name)
      record.plan = { do: 'restart', at: Date.now() }
    }
    await this.#findAttempts(job)
    if (current) {
      job.current = { number: record.starts + 1, status: sized(current) }
      job.phase = 'active'
    } else job.phase = phaseOf(record)
    registry.add(job)
    registry.show(job)
    for (const name of registry.attemptsOf(job)) registry.claim(name, job)
  }

  /** Which of the attempts that are over have their output still; those that should not are removed. */
  async #findAttempts(job: ManagedJob): Promise<void> {
    for (const attempt of job.record.attempts) {
      if (attempt.kept && this.#claim(job.nameOf(attempt.number))) continue
      attempt.kept = false
      attempt.droppedBytes = attempt.outputBytes
    }
    for (const { name, number } of this.#further.get(job.name) ?? []) {
      if (number <= job.record.starts && this.#library.has(name)) await this.#removeAttempt(name)
    }
  }

  #claim(name: string): JobSummary | undefined {
    const job = this.#library.get(name)
    this.#library.delete(name)
    return job
  }

  async #removeAttempt(name: string): Promise<void> {
    this.#library.delete(name)
    await this.#attempts.remove(name)
  }

  #carryOn(job: ManagedJob): void {
    const { plan, createdAt, owner } = job.record
    if (plan.do === 'queue') this.#admission.noteOrder(plan.order)
    if (Date.now() - createdAt < minuteMs) this.#rooms.book.noteStart(owner, createdAt)
    this.#resumption.resume(job)
  }

  /** Jobs that were told of and are no longer there. */
  #tellVanished(told: ToldEvents): void {
    const { registry, journal } = this.#rooms
    for (const [name, { owner }] of told.names) {
      if (!registry.has(name)) journal.append({ owner, event: { type: 'removed', name, at: new Date() } })
    }
  }
}

/** Who was started first comes first: what is told of them, and the starts of the last minute, are in the order of time. */
function inOrder(jobs: readonly ManagedJob[]): ManagedJob[] {
  return jobs.toSorted((one, other) => one.record.createdAt - other.record.createdAt)
}

/** Where a job is whose next attempt the library does not know. */
function phaseOf({ plan }: JobRecord): ManagedJob['phase'] {
  if (plan.do === 'queue') return 'queued'
  return plan.do === 'nothing' ? 'ended' : 'restarting'
}

/** An attempt after a job's first. */
interface FurtherAttempt {
  /** As the library knows it. */
  name: string
  job: string
  number: number
}

/** Those among the library's names, by their job. */
function furtherAttempts(names: Iterable<string>): Map<string, FurtherAttempt[]> {
  return Map.groupBy([...names].flatMap(readAttempt), ({ job }) => job)
}

/** What a name says, if it is one of an attempt after the first. */
function readAttempt(name: string): FurtherAttempt[] {
  const [, job, digits] = /^(.+):(\d+)$/s.exec(name) ?? []
  const number = Number(digits)
  const isOne = job !== undefined && Number.isSafeInteger(number) && number >= 2 && attemptName(job, number) === name
  return isOne ? [{ name, job, number }] : []
}
