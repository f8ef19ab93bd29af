import type { QuotaBounds } from '@corral/api'
import type { ExecConfig, JobConfig, Limits } from '@corral/runner'

import type { Caller } from '../identity/caller.ts'

/**
 * - `viewer`: lists and looks at its own jobs, and reads their output.
 * - `operator`: starts and manages its own jobs.
 * - `admin`: everything, with everybody's jobs.
 */
export type Role = 'viewer' | 'operator' | 'admin'

/** What a caller may do. */
export interface Grant {
  identity: string
  role: Role
  quota: QuotaBounds
  /** Whether it may know of a job of this owner. */
  sees(owner: string): boolean
  /**
   * The configuration with what the policy forces and defaults filled in.
   * @throws {ForbiddenOptionError} for what the policy does not let this caller ask for.
   */
  admit(config: JobConfig): JobConfig
  /** The same for a further command. */
  admitExec(config: ExecConfig): ExecConfig
  /** The same for limits that a running job is given. */
  admitLimits(limits: Limits): Limits
  /** The same for a job's place in the queue. */
  admitPriority(priority: number): number
}

/** What the configuration says of who may do what. */
export interface Policy {
  /** Undefined: nothing at all. */
  grant(caller: Caller): Grant | undefined
}
