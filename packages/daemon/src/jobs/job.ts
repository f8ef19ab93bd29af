import type { ManagedSummary } from '@corral/api'
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
  /** Its record is on the disk as it is. */
  isWritten = true
  /** How often it was to be written. */
  writes = 0
  /** While `starting`: resolves when that has come to its end, whatever that is. */
  starting: Promise<void> | undefined
  /** Resolves when the change of its limits that was asked for last has come to its end. */
  updating: Promise<void> = Promise.resolve()
  /** Rings when the phase changes or an attempt ends. */
  readonly changed = new Bell()
  /** When it is started again. */
  timer: NodeJS.Timeout | undefined
  /** What is said of it once it has ended: that changes no more. */
  lastSummary: ManagedSummary | undefined

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
    const { status } = this.current ?? {}
    return this.keptBytesWith(status ? status.outputBytes - status.outputDroppedBytes : 0)
  }

  /** The same, when the latest attempt holds so many. */
  keptBytesWith(ofCurrent: number): number {
    return this.record.attempts.reduce(
      (sum, { outputBytes, droppedBytes }) => sum + outputBytes - droppedBytes,
      ofCurrent,
    )
  }

  /** When its latest attempt ended, or it was stopped before another; null while it runs, and before it has. */
  get finishedAt(): Date | null {
    const { plan, attempts } = this.record
    if (this.phase === 'ended' && plan.do === 'nothing') return new Date(plan.finishedAt)
    if (this.current) return this.current.status.finishedAt
    const last = attempts.at(-1)?.finishedAt ?? null
    return last === null ? null : new Date(last)
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
