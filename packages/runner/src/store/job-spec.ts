import type { NoPlace, Place } from '../cgroup/contract.ts'
import type { CheckedCollect } from '../files/collect.ts'
import type { Fences } from '../isolation/index.ts'
import type { Limits } from '../job/config.ts'
import type { TerminalSize } from '../stdin/config.ts'
import type { Signal } from '../job/signal.ts'

/** What a job was asked to be, with defaults filled in: the content of `spec.json`. */
export interface JobSpec {
  version: 1
  name: string
  /** Made afresh for each start: tells this job from others that had or will have its name. */
  startId: string
  command: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** Numeric ids that the command runs as; null: as the runner, or as one that the job has to itself (`isolation.ownUser`). */
  user: { uid: number; gid: number; groups: readonly number[] } | null
  /** What keeps the job from its host, the profile's fences filled in. */
  isolation: Fences
  /** Bytes of the job's own folder `/tmp/work`; null: it has none. */
  workdirBytes: number | null
  /** The files that it was given, with their sizes in bytes; their contents are not kept. */
  files: readonly { path: string; mode: number; bytes: number }[]
  /** What is copied out of it at its end; null: nothing. */
  collect: CheckedCollect | null
  /** Its overlays. */
  layers: readonly Layer[]
  /** The size that its terminal had at first; null: it has none. */
  tty: TerminalSize | null
  /** Most bytes of its output that are kept, and of that of each further command; null: all. */
  outputMaxBytes: number | null
  labels: Readonly<Record<string, string>>
  limits: Limits
  timeoutMs: number | null
  stopSignal: Signal
  stopGraceMs: number
  shim: 'native' | 'self'
  onExit: 'kill' | 'keep'
  /** When the start was asked for, ISO 8601. */
  createdAt: string
  /** The process that asked. */
  runner: ProcessIdentity
  /** Where the job's cgroups are. */
  place: Place | NoPlace
  /** Null: it has none, as `noLimits` was set. */
  cgroups: JobCgroups | null
}

/** A job's cgroup v2, all of its cgroups, that one first, and the files of its counters. */
export interface JobCgroups {
  cgroup: string
  directories: readonly string[]
  reads: readonly { key: string; file: string }[]
}

/** Where what a job writes below a path of its own goes. */
export interface Layer {
  /** Where it is in the job. */
  target: string
  /** The folder of the host's that it lies on. */
  source: string
  /** The folder of the layer, with what was written in `upper`. */
  folder: string
}

/** A process that no other can be mistaken for: boot id, PID namespace, pid and start time (proc(5), field 22). */
export interface ProcessIdentity {
  boot: string
  /** The namespace that the pid is a number of, as /proc/PID/ns/pid has it: `pid:[4026531836]`. */
  pidNamespace: string
  pid: number
  startTime: string
}
