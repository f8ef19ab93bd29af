import type {
  ManagedDescription,
  ManagedEvent,
  ManagedSummary,
  QuotaBounds,
  QuotaUsage,
  ManagedRestart,
} from '@corral/api'
import type { Change, ExecConfig, ExecStatus, JobConfig, Limits, Signal, TerminalSize } from '@corral/runner'

/** What is asked of the daemon with a start, after policy has had its say. */
export interface StartOrder {
  config: JobConfig
  owner: string
  /** Chosen by the client: a second start of this owner with it gives the job of the first. */
  requestId?: string
  restart: ManagedRestart
  priority: number
  /** What to do when no more jobs may run. */
  whenFull: 'queue' | 'refuse'
  quota: QuotaBounds
  /** Its standard input is what `writeInput` brings. */
  streamsInput: boolean
}

/** A piece of output, in the output of all attempts. */
export type OutputPart = { offset: number; attempt: number } & ({ data: Uint8Array } | { droppedBytes: number })

export interface OutputRange {
  /** Default 0. */
  from?: number
  /**
   * Begin with the last so many lines instead. The first part then comes at once, empty where need be: it says where that
   * is, for whoever is cut off before there is more.
   */
  tail?: number
  follow: boolean
  signal: AbortSignal
}

/** An event with the token to resume after it; the first one of a watch has no event. */
export interface Told {
  event: ManagedEvent | null
  /** Whose job it is. */
  owner: string
  token: string
}

/** The jobs of the daemon: what the RPCs ask for, whoever asks. Names are those of jobs that are there. */
export interface Jobs {
  start(order: StartOrder): Promise<ManagedSummary>
  /** Undefined: there is no such job. What it takes to decide whether a caller may know of it; costs nothing. */
  ownerOf(name: string): string | undefined
  status(name: string): Promise<ManagedSummary>
  inspect(name: string): Promise<ManagedDescription>
  /** Without live usage, by name; what costs nothing. */
  all(): readonly ManagedSummary[]
  stop(name: string, options: { signal?: Signal; graceMs?: number }): Promise<ManagedSummary>
  remove(name: string, options: { force: boolean }): Promise<ManagedSummary>
  kill(name: string, signal: Signal): Promise<void>
  /** Resolves once it has ended for good. */
  wait(name: string, signal: AbortSignal): Promise<ManagedSummary>
  output(name: string, range: OutputRange): AsyncIterable<OutputPart>
  writeInput(name: string, input: InputPart): Promise<number>
  resize(name: string, size: TerminalSize): Promise<void>
  update(name: string, limits: Limits): Promise<ManagedSummary>
  freeze(name: string): Promise<void>
  thaw(name: string): Promise<void>
  exec(name: string, config: ExecConfig & { streamsInput: boolean }): Promise<{ id: string; pid: number }>
  /** A further command, also one that an earlier daemon has started. */
  execution(name: string, id: string): Promise<ManagedExecution>
  changes(name: string): AsyncIterable<Change>
  /** All that has happened after the token, or from now on. */
  watch(token: string | undefined, signal: AbortSignal): AsyncIterable<Told>
  quotaUsage(owner: string): QuotaUsage
}

export interface InputPart {
  /** How many bytes were sent before. */
  offset: number
  data: Uint8Array
  end: boolean
}

/** A further command in a job. */
export interface ManagedExecution {
  output(range: OutputRange): AsyncIterable<OutputPart>
  wait(signal: AbortSignal): Promise<ExecStatus>
  kill(signal: Signal): Promise<void>
  resize(size: TerminalSize): Promise<void>
  writeInput(input: InputPart): Promise<number>
  remove(): Promise<void>
}
