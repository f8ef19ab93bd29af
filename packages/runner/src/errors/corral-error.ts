/**
 * Why something of ours failed.
 * - `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`: the command could not be exec'd.
 * - `CWD_UNUSABLE`: the working directory is missing or may not be entered.
 * - `LIMIT_REFUSED`: the kernel refused a limit, or this host cannot express it.
 * - `CGROUP_UNAVAILABLE`: there is no cgroup to put jobs in.
 * - `NAMESPACE_REFUSED`: a namespace could not be made.
 * - `FENCE_REFUSED`: a mount, a filter or another fence of the job's isolation could not be put up.
 * - `FILES_REFUSED`: a file of `files` could not be written, as in a private folder that is too small.
 * - `STORAGE_UNUSABLE`, `STORAGE_FULL`: the storage root cannot be written.
 * - `LAUNCHER_UNAVAILABLE`: the launcher could not be started or reached.
 * - `START_FAILED`: any other step of a start.
 * - `STDIN_FAILED`: the stream that was to be a command's standard input failed; the command was killed.
 * - `CONTROL_FAILED`: a running job could not be signalled, frozen, limited or removed, or its terminal resized.
 * - `CLOSED`: the runner has been closed.
 */
export type CorralErrorCode =
  | 'COMMAND_NOT_FOUND'
  | 'COMMAND_NOT_EXECUTABLE'
  | 'CWD_UNUSABLE'
  | 'LIMIT_REFUSED'
  | 'CGROUP_UNAVAILABLE'
  | 'NAMESPACE_REFUSED'
  | 'FENCE_REFUSED'
  | 'FILES_REFUSED'
  | 'STORAGE_UNUSABLE'
  | 'STORAGE_FULL'
  | 'LAUNCHER_UNAVAILABLE'
  | 'START_FAILED'
  | 'STDIN_FAILED'
  | 'CONTROL_FAILED'
  | 'CLOSED'

/** Where a failure happened, as far as it is known. */
export interface CorralErrorOptions extends ErrorOptions {
  /** The named step of a start, or the system call. */
  syscall?: string
  path?: string
  /** The errno's name: `ENOENT`. */
  errno?: string
}

/** Our failure: what was attempted, on which path, and why it did not work. The job's own outcome is never an error. */
export class CorralError extends Error {
  override name = 'CorralError'
  readonly code: CorralErrorCode
  readonly syscall: string | undefined
  readonly path: string | undefined
  readonly errno: string | undefined

  constructor(code: CorralErrorCode, message: string, options: CorralErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.syscall = options.syscall
    this.path = options.path
    this.errno = options.errno
  }
}
