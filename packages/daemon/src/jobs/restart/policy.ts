import type { ManagedRestart, ManagedState } from '@corral/api'
import { InvalidOptionError } from '@corral/runner'

import { mostTimerMs } from '../timer.ts'

const leastBackoffMs = 100
const defaultBackoffMs = 1_000
const defaultBackoffMaxMs = 60_000

/** A policy with its defaults. */
export interface RestartPolicy {
  mode: ManagedRestart['mode']
  maxRestarts: number
  backoffMs: number
  backoffMaxMs: number
}

/** How an attempt ended. */
export interface AttemptEnd {
  state: ManagedState
  exitStatus: number | null
}

export function withDefaults(restart: ManagedRestart): RestartPolicy {
  const { mode, maxRestarts = Infinity, backoffMs = defaultBackoffMs } = restart
  const backoffMaxMs = restart.backoffMaxMs ?? Math.max(defaultBackoffMaxMs, backoffMs)
  return { mode, maxRestarts, backoffMs, backoffMaxMs }
}

/** @throws {InvalidOptionError} */
export function checkRestart(restart: ManagedRestart): void {
  const { mode, maxRestarts, backoffMs, backoffMaxMs } = restart
  if (!['never', 'on-failure', 'always'].includes(mode)) {
    throw new InvalidOptionError('restart.mode', mode, "'never', 'on-failure' or 'always'")
  }
  if (maxRestarts !== undefined && !(Number.isSafeInteger(maxRestarts) && maxRestarts >= 0)) {
    throw new InvalidOptionError('restart.maxRestarts', maxRestarts, 'a whole number from 0')
  }
  checkBackoff('restart.backoffMs', backoffMs, leastBackoffMs)
  checkBackoff('restart.backoffMaxMs', backoffMaxMs, backoffMs ?? defaultBackoffMs)
}

function checkBackoff(option: string, ms: number | undefined, leastMs: number): void {
  if (ms === undefined || (ms >= leastMs && ms <= mostTimerMs)) return
  throw new InvalidOptionError(option, ms, `milliseconds from ${leastMs} to ${mostTimerMs}`)
}

/** Whether an attempt that ended so, after so many restarts, is followed by another. */
export function isRestarted(restart: ManagedRestart, end: AttemptEnd, restarts: number): boolean {
  const { mode, maxRestarts } = withDefaults(restart)
  if (mode === 'never' || end.state === 'stopped' || restarts >= maxRestarts) return false
  return mode === 'always' || end.state !== 'exited' || end.exitStatus !== 0
}

/** Milliseconds before the next attempt, when so many have followed each other quickly. */
export function backoffMs(restart: ManagedRestart, quickRestarts: number): number {
  const { backoffMs, backoffMaxMs } = withDefaults(restart)
  return Math.min(backoffMs * 2 ** quickRestarts, backoffMaxMs)
}

/** Whether an attempt ran for so long that the back-off begins anew after it. */
export function ranForLong(restart: ManagedRestart, startedAt: number | null, finishedAt: number | null): boolean {
  if (startedAt === null || finishedAt === null) return false
  return finishedAt - startedAt > withDefaults(restart).backoffMaxMs
}
