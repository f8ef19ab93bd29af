import type { ManagedFailure, ManagedRestart, ManagedState, QuotaBounds } from '@corral/api'
import type { Signal } from '@corral/runner'

/** An attempt that is over, as it is kept; times are milliseconds since the epoch. */
export interface StoredAttempt {
  number: number
  state: ManagedState
  exitStatus: number | null
  signal: Signal | null
  startedAt: number | null
  finishedAt: number | null
  outputBytes: number
  /** Bytes of them that the library no longer has. */
  droppedBytes: number
  failure: ManagedFailure | null
  /** Its output is still there. */
  kept: boolean
}

/**
 * What the next attempt, the one after `starts`, is waiting for, if the library does not know it.
 * - `start`: nothing, it is being started.
 * - `queue`: its turn; of the same priority the least `order` comes first.
 * - `restart`: the time.
 * - `nothing`: there will be none, as it was stopped before, or could not be started.
 */
export type Plan =
  | { do: 'start' }
  | { do: 'queue'; order: number }
  | { do: 'restart'; at: number }
  | { do: 'nothing'; state: ManagedState; failure: ManagedFailure | null; finishedAt: number }

/** What the job takes of its owner's quota; null: as much as it wants. */
export interface Demand {
  memoryBytes: number | null
  cpus: number | null
}

/** A stop that was asked for. */
export interface StopOrder {
  at: number
  signal?: Signal
  graceMs?: number
}

/** What is kept of a job beside what the library keeps, in a file of its own. */
export interface JobRecord {
  version: 1
  name: string
  owner: string
  requestId: string | null
  /** Of what was asked for with the request id. */
  fingerprint: string | null
  createdAt: number
  restart: ManagedRestart
  priority: number
  streamsInput: boolean
  command: readonly string[]
  labels: Readonly<Record<string, string>>
  demand: Demand
  quota: QuotaBounds
  /** Its start was acknowledged: it is carried out even when the library knows nothing of it. */
  promised: boolean
  plan: Plan
  /** Attempts that are over, and whose number the next one follows. */
  attempts: StoredAttempt[]
  /** How many these were. */
  starts: number
  /** Bytes of output of those that are no longer in `attempts`. */
  forgottenBytes: number
  /** Restarts since an attempt ran for long. */
  quickRestarts: number
  stop: StopOrder | null
}

/** The library's name of an attempt. */
export function attemptName(name: string, number: number): string {
  return number === 1 ? name : `${name}:${number}`
}

/** A record from its text; undefined: it is damaged. */
export function parseRecord(name: string, text: string): JobRecord | undefined {
  try {
    const record = JSON.parse(text) as JobRecord
    return isRecord(record) && record.name === name ? record : undefined
  } catch {
    return undefined
  }
}

/** Whether all is there that would else be stumbled over; who writes records is this program alone. */
function isRecord(value: Partial<JobRecord> | null): value is JobRecord {
  return (
    typeof value === 'object' &&
    value?.version === 1 &&
    typeof value.owner === 'string' &&
    typeof value.createdAt === 'number' &&
    typeof value.starts === 'number' &&
    typeof value.restart?.mode === 'string' &&
    typeof value.plan?.do === 'string' &&
    typeof value.demand === 'object' &&
    Array.isArray(value.attempts) &&
    Array.isArray(value.command)
  )
}

/** Most characters of a command that are kept in memory, for as long as its job is; the library has all of it. */
const mostCommand = 8192

/** A command as it is shown. */
export function shownCommand(command: readonly string[]): string[] {
  const shown: string[] = []
  let left = mostCommand
  for (const word of command) {
    // Also an empty word takes room.
    if (word.length >= left) return [...shown, `${word.slice(0, left)}…`]
    shown.push(word)
    left -= word.length + 1
  }
  return shown
}
