import type { IdMaps } from '../ids/subordinate.ts'
import type { Limits } from '../job/config.ts'

/** The controllers that Corral uses. */
export type Controller = 'cpu' | 'cpuset' | 'io' | 'memory' | 'pids'

/** How jobs came to live where they live. */
export type PlaceMode = 'parent' | 'delegated' | 'scope' | 'root'

/** A controller at the place where jobs live. */
export interface ControllerPlace {
  version: 1 | 2
  /** The directory in which each job's cgroup of this controller is made. */
  directory: string
}

/** Where the jobs of one storage root live. Plain data: the launcher hands it to each runner that comes later. */
export interface Place {
  mode: PlaceMode
  /** The `cgroupParent` that was asked for, as it was given. */
  parent?: string
  /** One sentence: why this mode. */
  why: string
  layout: 'unified' | 'hybrid'
  /** The cgroup v2 directory in which each job's cgroup is made: processes are tracked and killed there. */
  tracking: string
  controllers: Partial<Record<Controller, ControllerPlace>>
  /** For each controller that is missing: why, and what would fix it. */
  missing: Partial<Record<Controller, string>>
  /** Limits that cannot be set though their controller is there: why. */
  inexpressible: Partial<Record<keyof Limits, string>>
  /** The file that `ioWeight` goes to: `io.weight`, or BFQ's. Absent where `ioWeight` is inexpressible. */
  ioWeightFile?: string
  /** Directories of ours, innermost first, that go when the launcher goes. */
  cleanup: readonly string[]
  /** The ids that jobs have in their user namespace, where there is one and it has more than the runner's own. */
  ids?: IdMaps
}

/** No cgroup can be had: only jobs that were started with `noLimits` run, without one. */
export interface NoPlace {
  mode: 'none'
  /** Why none can be had, and what would help. */
  why: string
  ids?: IdMaps
}

/** A value for one of the kernel's files. */
export interface CgroupWrite {
  file: string
  value: string
  optional?: boolean
}

/** What is to be done to the cgroup file system for one job; applied in this order by the job's init. */
export interface CgroupPlan {
  /** The job's cgroup v2 directory, which the command is cloned into. */
  cgroup: string
  /** Directories to make, in order; `cgroup` is the first. Removed in reverse order. */
  directories: readonly string[]
  /** `optional`: a file that does not exist is passed over (a default of ours, not a wish of the user's). */
  writes: readonly CgroupWrite[]
  /** The `tasks` files of the v1 hierarchies that the command joins before exec. */
  joins: readonly string[]
  /** Files that are read at the end and kept in the exit record, by key. Missing files are passed over. */
  reads: readonly { key: string; file: string }[]
  /** v1 only: the memory cgroup directory whose OOM kill ends the whole job, as `memory.oom.group` does in v2. */
  oomGroup?: string
}
