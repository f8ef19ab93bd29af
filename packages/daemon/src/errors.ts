/**
 * Why the daemon itself does not do what it was asked to.
 * - `QUEUE_FULL`, `TOO_MANY_JOBS`: no room; the latter of a start that would not wait.
 * - `QUOTA_EXCEEDED`, `RATE_LIMITED`: more than this caller may use.
 * - `DRAINING`: the daemon is about to end.
 * - `FORBIDDEN_OPTION`: the policy does not let this caller ask for it.
 * - `ROLE_REQUIRED`, `UNKNOWN_IDENTITY`: the policy does not let this caller do it, or anything.
 * - `TOKEN_EXPIRED`: what happened after the token is no longer known.
 * - `REQUEST_ID_REUSED`: the id belongs to another request.
 * - `TOO_MANY_STREAMS`: of this caller, or of all, at once.
 * - `NOT_COLLECTED`: there is no copy of that path.
 * - `INPUT_GONE`: the command's standard input has ended.
 * - `AUDIT_UNAVAILABLE`: what was asked for could not be written down, and so was not done.
 */
export type DaemonErrorReason =
  | 'QUEUE_FULL'
  | 'TOO_MANY_JOBS'
  | 'QUOTA_EXCEEDED'
  | 'RATE_LIMITED'
  | 'DRAINING'
  | 'FORBIDDEN_OPTION'
  | 'ROLE_REQUIRED'
  | 'UNKNOWN_IDENTITY'
  | 'TOKEN_EXPIRED'
  | 'REQUEST_ID_REUSED'
  | 'TOO_MANY_STREAMS'
  | 'NOT_COLLECTED'
  | 'INPUT_GONE'
  | 'AUDIT_UNAVAILABLE'

/** The daemon's own refusal: what was asked for, and why it is not done. `metadata` is for programs, and holds no secret. */
export class DaemonError extends Error {
  override name = 'DaemonError'
  readonly reason: DaemonErrorReason
  readonly metadata: Readonly<Record<string, string>>

  constructor(
    reason: DaemonErrorReason,
    message: string,
    metadata: Readonly<Record<string, string>> = {},
    options: ErrorOptions = {},
  ) {
    super(message, options)
    this.reason = reason
    this.metadata = metadata
  }
}
