import type { ManagedDescription, ManagedEvent, ManagedStartOptions, ManagedStatus, ManagedSummary } from '@corral/api'
import type {
  CgroupRunner,
  Change,
  ExecConfig,
  Execution,
  JobConfig,
  JobDescription,
  JobEvent,
  JobStatus,
  JobSummary,
  Limits,
  OutputOptions,
  Signal,
  StopOptions,
  TerminalSize,
} from '@corral/runner'

export type { ManagedStartOptions }

/** A library's value, or what a daemon gives in its place: the same, and more. */
type Both<Local, Managed> = Local | Managed

/** A further command in a running job. */
export interface RunnerExecution extends AsyncDisposable {
  readonly id: string
  readonly job: string
  readonly pid: number
  output(options?: OutputOptions): ReadableStream<Uint8Array>
  wait: Execution['wait']
  kill(signal: Signal): Promise<void>
  resize(size: TerminalSize): Promise<void>
  remove(): Promise<void>
}

/**
 * What runs jobs, here or on a daemon: what `CgroupRunner` and `RemoteRunner` have in common. A program that is written
 * for it works with either.
 */
export interface Runner extends AsyncDisposable {
  /** Where jobs are kept: a folder, or the address of a daemon. */
  readonly storageRoot: string
  start(config: JobConfig & ManagedStartOptions): Promise<string>
  status(name: string): Promise<Both<JobStatus, ManagedStatus>>
  inspect(name: string): Promise<Both<JobDescription, ManagedDescription>>
  changes(name: string): AsyncIterable<Change>
  output(name: string, options?: OutputOptions): ReadableStream<Uint8Array>
  wait(name: string, options?: { signal?: AbortSignal }): Promise<Both<JobStatus, ManagedStatus>>
  exec(name: string, config: ExecConfig): Promise<RunnerExecution>
  resize(name: string, size: TerminalSize): Promise<void>
  stop(name: string, options?: StopOptions): Promise<Both<JobStatus, ManagedStatus>>
  kill(name: string, signal: Signal): Promise<void>
  list(labels?: Readonly<Record<string, string>>): Promise<readonly Both<JobSummary, ManagedSummary>[]>
  events(options?: { signal?: AbortSignal }): AsyncIterable<Both<JobEvent, ManagedEvent>>
  freeze(name: string): Promise<void>
  thaw(name: string): Promise<void>
  update(name: string, limits: Limits): Promise<void>
  close(): Promise<void>
}

/** The library's runner is one: here a change of it that does not fit is found. */
type Fits<Local extends Runner> = Local
export type LocalRunner = Fits<CgroupRunner>
