import { show } from './show.ts'

/** The caller's mistake: an option that was given a value it does not accept. Nothing was made. */
export class InvalidOptionError extends RangeError {
  override name = 'InvalidOptionError'
  /** The option's name, as in the configuration: `memoryMax`. */
  readonly option: string
  readonly received: unknown
  /** What is accepted, in words. */
  readonly accepted: string
  /** What was received, as the message shows it. */
  readonly receivedText: string

  /** `receivedText`: for whoever has been told no more of the value than how it is shown. */
  constructor(option: string, received: unknown, accepted: string, receivedText: string = show(received)) {
    super(`${option}: received ${receivedText}; accepted: ${accepted}`)
    this.option = option
    this.received = received
    this.accepted = accepted
    this.receivedText = receivedText
  }
}

/** The caller's mistake: no job of this name is known under the storage root, or to the daemon. */
export class JobNotFoundError extends RangeError {
  override name = 'JobNotFoundError'
  readonly jobName: string

  /** `where` it was looked for: the storage root, or the daemon's address. */
  constructor(jobName: string, where: string, missing = `no job ${show(jobName)} under ${where}`) {
    super(`${missing}: it was never started there, or has been removed`)
    this.jobName = jobName
  }
}

/** The caller's mistake: a job has no further command of this id. */
export class ExecutionNotFoundError extends JobNotFoundError {
  override name = 'ExecutionNotFoundError'
  readonly executionId: string

  constructor(jobName: string, executionId: string, where: string) {
    super(jobName, where, `no command ${show(executionId)} in job ${show(jobName)} under ${where}`)
    this.executionId = executionId
  }
}

/** The caller's mistake: a job of this name exists already, active or ended. */
export class JobNameTakenError extends RangeError {
  override name = 'JobNameTakenError'
  readonly jobName: string

  constructor(jobName: string) {
    super(`a job named ${show(jobName)} exists already: choose another name, or stop that one first`)
    this.jobName = jobName
  }
}

/** The caller's mistake: the job has ended and can no longer be signalled, frozen or limited. */
export class JobEndedError extends RangeError {
  override name = 'JobEndedError'
  readonly jobName: string
  /** What was to be done with it, as the words before `job`: `'send SIGTERM to'`. */
  readonly attempted: string

  constructor(jobName: string, attempted: string) {
    super(`cannot ${attempted} job ${show(jobName)}: it has ended`)
    this.jobName = jobName
    this.attempted = attempted
  }
}

/** The caller's mistake: no list of a job's changes is to be had. */
export class NoChangesError extends RangeError {
  override name = 'NoChangesError'
  readonly jobName: string
  /** Why not, in words. */
  readonly reason: string

  constructor(jobName: string, reason: string) {
    super(`cannot list the changes of job ${show(jobName)}: ${reason}`)
    this.jobName = jobName
    this.reason = reason
  }
}
