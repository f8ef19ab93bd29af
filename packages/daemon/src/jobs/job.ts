import type { ManagedAttempt, ManagedState, ManagedSummary } from '@corral/api'
import type { SizedStatus } from './output/sizes.ts'

import { Bell } from './bell.ts'
import { attemptName, type JobRecord, type StoredAttempt } from './record/record.ts'

/**
 * Where a job is in its life.
 * - `queued`: it waits for its turn.
 * - `starting`: the library is asked to start an attempt.
 * - `active`: an attempt runs.
 * - `restarting`: it waits for the time of its next attempt.
 * - `ended`: for good.
 */
export type Phase = 'queued' | 'starting' | 'active' | 'restarting' | 'ended'

/** The attempt that the library knows as the latest. */
export interface CurrentAttempt {
  number: number
  status: SizedStatus
}

/** Of more than so many attempts the latest are kept. */
const mostAttempts = 100

/** A job of the daemon's: its record, and what becomes of it. What it is started with is on disk only. */
export class ManagedJob {
  readonly record: JobRecord
  phase: Phase
  current: CurrentAttempt | null = null
  /** False: its first start is not acknowledged yet. Nobody knows of it. */
  visible = false
  /** It is being removed: nothing of it is written any more. */
  isLeaving = false
  /** While `starting`: resolves when that has come to its end, whatever that is. */
  starting: Promise<void> = Promise.resolve()
  /** Rings when the phase changes or an attempt ends. */
  readonly changed = new Bell()
  /** When it is started again. */
  timer: NodeJS.Timeout | undefined

  constructor(record: JobRecord, phase: Phase) {
    this.record = record
    this.phase = phase
  }

  get name(): string {
    return this.record.name
  }

  get owner(): string {
    return this.record.owner
  }

  get priority(): number {
    return this.record.priority
  }

  /** Its place among those of its priority. */
  get order(): number {
    return this.record.plan.do === 'queue' ? this.record.plan.order : 0
  }

  get hasEnded(): boolean {
    return this.phase === 'ended'
  }

  /** The library's name of its latest attempt; undefined: there is none. */
  get currentName(): string | undefined {
    return this.current ? this.nameOf(this.current.number) : undefined
  }

  get nextName(): string {
    return this.nameOf(this.record.starts + 1)
  }

  /** The library's name of an attempt. */
  nameOf(number: number): string {
    return attemptName(this.name, number)
  }

  enter(phase: Phase): void {
    this.phase = phase
    this.changed.ring()
  }

  /** The current attempt is one of those that are over. */
  shelve(): void {
    const { current, record } = this
    if (!current) return
    this.current = null
    this.note(storedAttempt(current))
    record.starts = current.number
  }

  /** Notes an attempt that is over. */
  note(attempt: StoredAttempt): void {
    const { attempts } = this.record
    attempts.push(attempt)
    this.record.starts = attempt.number
    while (attempts.length > mostAttempts) this.record.forgottenBytes += attempts.shift()!.outputBytes
  }

  /** Bytes of output of the attempts that are over. */
  get shelvedBytes(): number {
    return this.record.attempts.reduce((sum, { outputBytes }) => sum + outputBytes, this.record.forgottenBytes)
  }

  /** Bytes of output that are on the disk, as far as it is known. */
  get keptBytes(): number {
    const attempts = [...this.record.attempts, ...(this.current ? [storedAttempt(this.current)] : [])]
    return attempts.reduce((sum, { outputBytes, droppedBytes }) => sum + outputBytes - droppedBytes, 0)
  }

  /** What is said of it; `queuePosition` while it is queued. */
  summary(queuePosition: number | null): ManagedSummary {
    const { record, current } = this
    const attempts = record.attempts.map(managedAttempt)
    if (current) attempts.push(managedAttempt(storedAttempt(current)))
    const shown = current?.status ?? statusOfLast(record)
    const outputBytes = this.shelvedBytes + (current?.status.outputBytes ?? 0)
    return {
      ...shown,
      name: record.name,
      state: this.#state(),
      active: this.phase === 'active',
      startedAt: attempts.at(-1)?.startedAt ?? null,
      finishedAt: this.#finishedAt(shown.finishedAt),
      outputBytes,
      outputDroppedBytes: outputBytes - this.keptBytes,
      command: record.command,
      labels: record.labels,
      owner: record.owner,
      createdAt: new Date(record.createdAt),
      restart: record.restart,
      attempts,
      attempt: current?.number ?? record.starts,
      priority: record.priority,
      queuePosition: this.#state() === 'queued' ? queuePosition : null,
      restartAt: this.#state() === 'restarting' && record.plan.do === 'restart' ? new Date(record.plan.at) : null,
      failure: this.#failure(),
    }
  }

  #state(): ManagedState {
    const { plan } = this.record
    if (this.phase === 'active') return 'active'
    if (this.phase === 'ended' && plan.do === 'nothing') return plan.state
    if (this.phase === 'ended') return this.current?.status.state ?? this.record.attempts.at(-1)?.state ?? 'lost'
    return this.phase === 'restarting' || plan.do === 'restart' ? 'restarting' : 'queued'
  }

  #finishedAt(ofAttempt: Date | null): Date | null {
    const { plan } = this.record
    if (this.phase === 'ended' && plan.do === 'nothing') return new Date(plan.finishedAt)
    return ofAttempt
  }

  #failure(): ManagedSummary['failure'] {
    const { plan, attempts } = this.record
    if (this.phase === 'ended' && plan.do === 'nothing') return plan.failure
    return this.current ? null : (attempts.at(-1)?.failure ?? null)
  }
}

/** An attempt as it is kept once it is over. */
export function storedAttempt({ number, status }: CurrentAttempt): StoredAttempt {
  const { state, exitStatus, signal, startedAt, finishedAt, outputBytes, outputDroppedBytes } = status
  return {
    number,
    state,
    exitStatus,
    signal,
    startedAt: startedAt.getTime(),
    finishedAt: finishedAt?.getTime() ?? null,
    outputBytes,
    droppedBytes: outputDroppedBytes,
    failure: null,
    kept: true,
  }
}

function managedAttempt(attempt: StoredAttempt): ManagedAttempt {
  const { number, state, exitStatus, signal, outputBytes, failure } = attempt
  const [startedAt, finishedAt] = [toDate(attempt.startedAt), toDate(attempt.finishedAt)]
  return { number, state, exitStatus, signal, startedAt, finishedAt, outputBytes, failure }
}

/** How the last attempt that is over ended, of a job that has no current one. */
function statusOfLast(record: JobRecord): Omit<SizedStatus, 'name' | 'state' | 'active' | 'startedAt'> {
  const last = record.attempts.at(-1)
  return {
    exitStatus: last?.exitStatus ?? null,
    signal: last?.signal ?? null,
    oom: last?.state === 'oom',
    oomKills: 0,
    timedOut: last?.state === 'timed-out',
    finishedAt: toDate(last?.finishedAt ?? null),
    pid: null,
    usage: null,
    collected: [],
    outputBytes: 0,
    outputDroppedBytes: 0,
  }
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
