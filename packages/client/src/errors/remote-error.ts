/** The names of gRPC's status codes: https://grpc.io/docs/guides/status-codes/. */
export type RemoteCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

/** What is known of a refusal. */
export interface RemoteErrorOptions extends ErrorOptions {
  metadata?: Readonly<Record<string, string>>
  requestId?: string | undefined
  retryAfterMs?: number | undefined
}

/**
 * The daemon refused, or was not reached. What the library has an error for is that error, whoever found it; this is
 * what a daemon adds.
 */
export class RemoteError extends Error {
  override name = 'RemoteError'
  readonly code: RemoteCode
  /**
   * Why, in one word; empty when nothing more is known. The daemon's: `QUOTA_EXCEEDED`, `RATE_LIMITED`, `TOO_MANY_JOBS`,
   * `QUEUE_FULL`, `TOO_MANY_STREAMS`, `DRAINING`, `FORBIDDEN_OPTION`, `ROLE_REQUIRED`, `UNKNOWN_IDENTITY`,
   * `REQUEST_ID_REUSED`, `NOT_COLLECTED`, `AUDIT_UNAVAILABLE`, `INTERNAL`. Of the way to it: `UNREACHABLE`, `NOT_ALLOWED`
   * (the socket's file mode), `CERTIFICATE_REQUIRED`, `CERTIFICATE_REFUSED` (ours), `DAEMON_NOT_TRUSTED` (its), `TOO_MUCH`
   * (the request is too large).
   */
  readonly reason: string
  /** What the daemon says of it: `{ option, received, accepted }` of a `FORBIDDEN_OPTION`. */
  readonly metadata: Readonly<Record<string, string>>
  /** By which the daemon's log knows the request. */
  readonly requestId: string | undefined
  /** Milliseconds after which another attempt makes sense. */
  readonly retryAfterMs: number | undefined

  constructor(code: RemoteCode, reason: string, message: string, options: RemoteErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.reason = reason
    this.metadata = options.metadata ?? {}
    this.requestId = options.requestId
    this.retryAfterMs = options.retryAfterMs
  }
}
