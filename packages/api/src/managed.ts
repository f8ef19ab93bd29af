import type { JobDescription, JobSpec, JobState, JobStatus, JobSummary, Signal } from '@corral/runner'

/**
 * What became of a job of a daemon's, in one word: the library's states, and those of a job that is queued, that is
 * started again after its end, or that could not be started when its turn came.
 */
export type ManagedState = JobState | 'queued' | 'restarting' | 'failed'

/** Whether a job is started again after its end. */
export interface ManagedRestart {
  /**
   * `'on-failure'`: after an exit status other than 0, a signal, a time-out, for memory, or when nobody saw the end.
   * `'always'`: after every end, but a stop. Default `'never'`.
   */
  mode: 'never' | 'on-failure' | 'always'
  /** Most restarts. Default: no bound. */
  maxRestarts?: number
  /** Milliseconds before the first restart, from 100; then twice as long each time. Default 1,000. */
  backoffMs?: number
  /** Most milliseconds before a restart; an attempt that ran for longer begins anew. Default 60,000. */
  backoffMaxMs?: number
}

/** What a start on a daemon takes beside the job's configuration. The library has none of it. */
export interface ManagedStartOptions {
  /** Whether it is started again after its end. Default: never. */
  restart?: ManagedRestart
  /** What is queued with a higher one is started first. Default 0. */
  priority?: number
  /** What to do when no more jobs may run. Default `'queue'`. */
  whenFull?: 'queue' | 'refuse'
}

/** Our failure, as the library's `CorralError` has it. */
export interface ManagedFailure {
  code: string
  message: string
}

/** One start of a job's command. */
export interface ManagedAttempt {
  /** From 1. */
  number: number
  /** `'active'`, or how it ended. */
  state: ManagedState
  exitStatus: number | null
  signal: Signal | null
  startedAt: Date | null
  finishedAt: Date | null
  outputBytes: number
  failure: ManagedFailure | null
}

/** A job's status, as a daemon gives it: of its latest attempt, and what the daemon does with it. */
export interface ManagedStatus extends Omit<JobStatus, 'state' | 'startedAt'> {
  state: ManagedState
  /** Of the latest attempt; null before the first. */
  startedAt: Date | null
  /** The identity that started it; empty: nobody that the daemon knows of. */
  owner: string
  createdAt: Date
  /** Bytes of output in all attempts, those included that are no longer kept. */
  outputBytes: number
  /** Bytes of them that are no longer kept. */
  outputDroppedBytes: number
  restart: ManagedRestart
  /** Every start, the first one first; of more than 100 the latest. */
  attempts: readonly ManagedAttempt[]
  /** How many starts there were. */
  attempt: number
  priority: number
  /** How many are before it in the queue; null when it is not in it. */
  queuePosition: number | null
  /** When the next attempt begins; null when none is due. */
  restartAt: Date | null
  /** Why it could not be started; null when it could. */
  failure: ManagedFailure | null
}

/** A job of a daemon's in a listing. */
export interface ManagedSummary extends ManagedStatus, Pick<JobSummary, 'command' | 'labels'> {}

/** All that a daemon knows of a job. */
export interface ManagedDescription
  extends ManagedSummary, Pick<JobDescription, 'ownUid' | 'outputPath' | 'collectedPath' | 'changedPaths'> {
  /** Of the latest attempt; null before the first. */
  spec: JobSpec | null
}

/**
 * What happened to a job of a daemon's. `oom` comes before the `exited` of a job that was killed for memory. Of `attempts`
 * a status in it has the latest only.
 */
export type ManagedEvent =
  | { type: 'queued'; name: string; at: Date }
  | { type: 'started'; name: string; at: Date; pid: number }
  | { type: 'oom'; name: string; at: Date; status: ManagedSummary }
  | { type: 'exited'; name: string; at: Date; status: ManagedSummary }
  | { type: 'failed'; name: string; at: Date; status: ManagedSummary }
  | { type: 'removed'; name: string; at: Date }

/** Bounds of what an identity may use at once; what is not set is not bounded. */
export interface QuotaBounds {
  /** Jobs that have not ended: those that run, and those that wait for their turn or for another start. */
  maxJobs?: number
  /** Sum of `memoryMax` of these; each must have one. */
  maxMemoryBytes?: number
  /** Sum of CPUs, as of `cpuMax`; each must have one. */
  maxCpus?: number
  /** Bytes of output that are kept, ended jobs included. */
  maxOutputBytes?: number
  maxStartsPerMinute?: number
}

/** What an identity uses of its quota. */
export interface QuotaUsage {
  jobs: number
  memoryBytes: number
  cpus: number
  outputBytes: number
  startsInLastMinute: number
}

/** What a daemon is, whom it takes the caller for, and how it does. */
export interface ManagedInfo {
  version: string
  startedAt: Date
  uptimeMs: number
  draining: boolean
  /** Who the caller is to the daemon, and what that may do. */
  identity: string
  role: 'viewer' | 'operator' | 'admin'
  /** The daemon's host. */
  hostname: string
  kernel: string
  architecture: string
  cpus: number
  memoryBytes: number
  cgroupLayout: 'unified' | 'hybrid'
  storageRoot: string
  /** How many of the jobs that the caller can see are in each state; states that none is in are absent. */
  jobs: Partial<Record<ManagedState, number>>
  /** Most jobs at once; null: no bound. */
  maxActive: number | null
  /** The caller's quota, and what of it is in use. */
  quota: { bounds: QuotaBounds; usage: QuotaUsage }
}
