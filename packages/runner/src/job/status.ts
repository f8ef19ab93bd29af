import type { Collected } from '../files/collected.ts'
import type { Signal } from './signal.ts'

/**
 * What became of a job, in one word; the first reason wins.
 * - `active`: it runs (or is frozen).
 * - `exited`: the command ended by itself; see `exitStatus`.
 * - `signaled`: a signal from elsewhere ended the command; see `signal`.
 * - `oom`: the kernel killed the command for memory.
 * - `timed-out`: `timeoutMs` ran out.
 * - `stopped`: somebody called `stop`.
 * - `lost`: it ended and nobody saw how (its supervisor was killed, or the host restarted).
 */
export type JobState = 'active' | 'exited' | 'signaled' | 'oom' | 'timed-out' | 'stopped' | 'lost'

/** What the job has used; live while it is active, kept after its end. `null`: the host does not count it. */
export interface Usage {
  /** CPU time in microseconds, in all processes of the job. */
  cpuUserUs: number
  cpuSystemUs: number
  /** Time in microseconds that the job was runnable and held back by `cpuMax`. */
  cpuThrottledUs: number | null
  /** Memory in bytes, now and at the most. `memoryBytes` is 0 after the end. */
  memoryBytes: number | null
  memoryPeakBytes: number | null
  /** Bytes and operations, summed over all disks. */
  ioReadBytes: number | null
  ioWriteBytes: number | null
  ioReadOperations: number | null
  ioWriteOperations: number | null
  /** Processes and threads, now and at the most. */
  pids: number | null
  pidsPeak: number | null
}

/** The state of a job, as `status`, `wait`, `stop` and `list` give it. */
export interface JobStatus {
  name: string
  state: JobState
  /** True while `state` is `active`. */
  active: boolean
  /** The command's exit status; null while active, when a signal ended it, and when lost. */
  exitStatus: number | null
  /** The signal that ended the command, else null. */
  signal: Signal | null
  /** True when the job was killed for memory. */
  oom: boolean
  /** Processes of the job that the kernel killed for memory, as far as it is counted: with `noLimits` it is not. */
  oomKills: number
  /** True when `timeoutMs` ran out while it was active. */
  timedOut: boolean
  startedAt: Date
  finishedAt: Date | null
  /** The command's process id on the host; null after the end. */
  pid: number | null
  /** Null when it is not known: with `noLimits`, after the state `lost`, and for the moment in which the job's cgroups are removed. */
  usage: Usage | null
  /**
   * Bytes of output so far, those included that were dropped; of a job that cuts its output off, what it then has. Null
   * when it is not known, as when nobody saw the end and the file is gone.
   */
  outputBytes: number | null
  /** Bytes of output that were dropped, as `outputMax` has it; null when it is not known. */
  outputDroppedBytes: number | null
  /** What came of each path of `collect`; empty while active, when nothing was to be collected, and when lost. */
  collected: readonly Collected[]
}

/** A job in a listing: its status and what it was started with. */
export interface JobSummary extends JobStatus {
  command: readonly string[]
  labels: Readonly<Record<string, string>>
}
