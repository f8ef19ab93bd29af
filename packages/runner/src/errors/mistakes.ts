import { inspect } from 'node:util'

/** The caller's mistake: an option that was given a value it does not accept. Nothing was made. */
export class InvalidOptionError extends RangeError {
  override name = 'InvalidOptionError'
  /** The option's name, as in the configuration: `memoryMax`. */
  readonly option: string
  readonly received: unknown
  /** What is accepted, in words. */
  readonly accepted: string

  constructor(option: string, received: unknown, accepted: string) {
    super(`${option}: received ${inspect(received, { depth: 1, breakLength: Infinity })}; accepted: ${accepted}`)
    this.option = option
    this.received = received
    this.accepted = accepted
  }
}

/** The caller's mistake: no job of this name is known under the storage root. */
export class JobNotFoundError extends RangeError {
  override name = 'JobNotFoundError'
  readonly jobName: string

  constructor(jobName: string, storageRoot: string) {
    super(`no job ${inspect(jobName)} under ${storageRoot}: it was never started there, or has been removed`)
    this.jobName = jobName
  }
}

/** The caller's mistake: a job of this name exists already, active or ended. */
export class JobNameTakenError extends RangeError {
  override name = 'JobNameTakenError'
  readonly jobName: string

  constructor(jobName: string) {
    super(`a job named ${inspect(jobName)} exists already: choose another name, or stop that one first`)
    this.jobName = jobName
  }
}

/** The caller's mistake: the job has ended and can no longer be signalled, frozen or limited. */
export class JobEndedError extends RangeError {
  override name = 'JobEndedError'
  readonly jobName: string

  constructor(jobName: string, attempted: string) {
    super(`cannot ${attempted} job ${inspect(jobName)}: it has ended`)
    this.jobName = jobName
  }
}

/** The caller's mistake: no list of a job's changes is to be had. */
export class NoChangesError extends RangeError {
  override name = 'NoChangesError'
  readonly jobName: string

  constructor(jobName: string, reason: string) {
    super(`cannot list the changes of job ${inspect(jobName)}: ${reason}`)
    this.jobName = jobName
  }
}
