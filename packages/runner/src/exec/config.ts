import type { Signal } from '../job/signal.ts'
import type { Stdin, TerminalSize } from '../stdin/config.ts'

/** What `exec` takes. */
export interface ExecConfig {
  /** The program and its arguments. The program is a path in the job, or a name that is looked up in its `PATH`. */
  command: readonly string[]
  /** Environment, laid over the job's; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>
  /** Working directory, absolute. Default: the job's. */
  cwd?: string
  /** User to run as, by name or numeric id as the host has them; in a job with a `uidMap`, an id inside. Default: the job's. */
  user?: string | number
  /** Group to run as, by name or numeric id. Default: the primary group of the `user`; without one, the job's. */
  group?: string | number
  /** What the command reads; sent while it runs. Default: nothing. */
  stdin?: Stdin
  /** Give the command a terminal, of this size; `true`: of 80 columns and 24 rows. Default: none. */
  tty?: boolean | TerminalSize
  /** Wall-clock limit in milliseconds, from exec; then the command is killed. Default: none. */
  timeoutMs?: number
  /** Cancels: a command that runs is killed. */
  signal?: AbortSignal
}

/**
 * How a further command ended; the first reason wins.
 * - `exited`: by itself; see `exitStatus`.
 * - `signaled`: by a signal; see `signal`.
 * - `timed-out`: `timeoutMs` ran out.
 * - `job-ended`: the job's own command ended, and with it everything.
 * - `lost`: nobody saw how.
 */
export type ExecState = 'exited' | 'signaled' | 'timed-out' | 'job-ended' | 'lost'

/** How a further command ended. */
export interface ExecStatus {
  state: ExecState
  /** Null when a signal ended it, and when lost. */
  exitStatus: number | null
  signal: Signal | null
  startedAt: Date
  /** Null when lost. */
  finishedAt: Date | null
}
