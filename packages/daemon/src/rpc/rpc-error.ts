import { Code, ConnectError } from '@connectrpc/connect'
import { BadRequestSchema, ErrorInfoSchema, FieldError, fieldPathOf } from '@corral/api'
import {
  CorralError,
  type CorralErrorCode,
  ExecutionNotFoundError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
} from '@corral/runner/errors'

import { DaemonError, type DaemonErrorReason } from '../errors.ts'
import { type Detail, refusalDetails } from './refusal-details.ts'

/** What of a request an error's answer speaks of. */
export interface ErrorContext {
  requestId: string
  /** Where the request has what an option of the library's is: `config.`, for one that is in a configuration. */
  fieldOf?: (option: string) => string
}

/** An error as RPC clients have it. */
interface Answer {
  code: Code
  reason: string
  message: string
  metadata?: Readonly<Record<string, string>>
  details?: readonly Detail[]
}

const corralCodes: Readonly<Record<CorralErrorCode, Code>> = {
  COMMAND_NOT_FOUND: Code.FailedPrecondition,
  COMMAND_NOT_EXECUTABLE: Code.FailedPrecondition,
  CWD_UNUSABLE: Code.FailedPrecondition,
  LIMIT_REFUSED: Code.FailedPrecondition,
  FENCE_REFUSED: Code.FailedPrecondition,
  NAMESPACE_REFUSED: Code.FailedPrecondition,
  FILES_REFUSED: Code.FailedPrecondition,
  STDIN_FAILED: Code.FailedPrecondition,
  CONTROL_FAILED: Code.FailedPrecondition,
  STORAGE_FULL: Code.ResourceExhausted,
  LAUNCHER_UNAVAILABLE: Code.Unavailable,
  CGROUP_UNAVAILABLE: Code.Unavailable,
  CLOSED: Code.Unavailable,
  START_FAILED: Code.Internal,
  STORAGE_UNUSABLE: Code.Internal,
}

const daemonCodes: Readonly<Record<DaemonErrorReason, Code>> = {
  QUEUE_FULL: Code.ResourceExhausted,
  TOO_MANY_JOBS: Code.ResourceExhausted,
  QUOTA_EXCEEDED: Code.ResourceExhausted,
  RATE_LIMITED: Code.ResourceExhausted,
  TOO_MANY_STREAMS: Code.ResourceExhausted,
  DRAINING: Code.Unavailable,
  FORBIDDEN_OPTION: Code.PermissionDenied,
  ROLE_REQUIRED: Code.PermissionDenied,
  UNKNOWN_IDENTITY: Code.PermissionDenied,
  TOKEN_EXPIRED: Code.OutOfRange,
  REQUEST_ID_REUSED: Code.AlreadyExists,
  NOT_COLLECTED: Code.NotFound,
  INPUT_GONE: Code.FailedPrecondition,
  AUDIT_UNAVAILABLE: Code.Unavailable,
}

/** Longest text in an answer: it travels in headers, of which clients take 8 KiB and more. */
const maxText = 1024

/** The answer to a request that has failed. What is not known to be the caller's or ours is INTERNAL, and says no more. */
export function toRpcError(error: unknown, context: ErrorContext): ConnectError {
  if (error instanceof ConnectError) return error
  if (error instanceof Error && error.name === 'AbortError') {
    return new ConnectError('the caller has gone', Code.Canceled, undefined, undefined, error)
  }
  const { code, reason, message, metadata = {}, details = [] } = answerTo(error, context)
  const clipped = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, clip(value)]))
  const info: Detail = { desc: ErrorInfoSchema, value: { reason, domain: 'corral', metadata: clipped } }
  return new ConnectError(clip(message), code, undefined, [info, ...details], error)
}

function answerTo(error: unknown, context: ErrorContext): Answer {
  return answerToMistake(error, context) ?? answerToFailure(error, context) ?? internal(context)
}

/** What the caller can do something about. */
function answerToMistake(error: unknown, { fieldOf = fieldPathOf }: ErrorContext): Answer | undefined {
  if (error instanceof FieldError) {
    const { field, received, accepted } = error
    return invalid(error.message, field, field, { received: String(received), accepted })
  }
  if (error instanceof InvalidOptionError) {
    const { option, receivedText: received, accepted } = error
    return invalid(error.message, fieldOf(option), option, { received, accepted })
  }
  return answerToJobMistake(error)
}

function answerToJobMistake(error: unknown): Answer | undefined {
  if (error instanceof ExecutionNotFoundError) {
    const { jobName, executionId, message } = error
    return { code: Code.NotFound, reason: 'EXECUTION_NOT_FOUND', message, metadata: { jobName, executionId } }
  }
  if (error instanceof JobNotFoundError) {
    // Never other words for a job that is there, but not for this caller.
    const message = `no job ${JSON.stringify(error.jobName)}: it was never started, or has been removed`
    return { code: Code.NotFound, reason: 'JOB_NOT_FOUND', message, metadata: { jobName: error.jobName } }
  }
  if (error instanceof JobNameTakenError) {
    const { jobName, message } = error
    return { code: Code.AlreadyExists, reason: 'JOB_NAME_TAKEN', message, metadata: { jobName } }
  }
  if (error instanceof JobEndedError) {
    const { jobName, attempted, message } = error
    return { code: Code.FailedPrecondition, reason: 'JOB_ENDED', message, metadata: { jobName, attempted } }
  }
  if (error instanceof NoChangesError) {
    const { jobName, reason, message } = error
    return { code: Code.FailedPrecondition, reason: 'NO_CHANGES', message, metadata: { jobName, reason } }
  }
  return undefined
}

function answerToFailure(error: unknown, { fieldOf = fieldPathOf }: ErrorContext): Answer | undefined {
  if (error instanceof DaemonError) {
    const { reason, message, metadata } = error
    return { code: daemonCodes[reason], reason, message, metadata, details: refusalDetails(error, fieldOf) }
  }
  if (!(error instanceof CorralError)) return undefined
  const { code, message, syscall = '', path = '', errno = '' } = error
  const metadata = Object.entries({ syscall, path, errno }).filter(([, value]) => value !== '')
  return { code: corralCodes[code], reason: code, message, metadata: Object.fromEntries(metadata) }
}

function invalid(message: string, field: string, option: string, values: Record<string, string>): Answer {
  const violation = { field: clip(field), description: clip(message) }
  return {
    code: Code.InvalidArgument,
    reason: 'INVALID_OPTION',
    message,
    metadata: { option, ...values },
    details: [{ desc: BadRequestSchema, value: { fieldViolations: [violation] } }],
  }
}

function internal({ requestId }: ErrorContext): Answer {
  const message = `the daemon has failed; its log has more on request ${requestId}`
  return { code: Code.Internal, reason: 'INTERNAL', message, metadata: { requestId } }
}

function clip(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text
}

/** `permission_denied`; `ok`: none. */
export function codeName(error: ConnectError | undefined): string {
  if (!error) return 'ok'
  return Code[error.code].replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()
}

/** The reason in an answer: `JOB_NOT_FOUND`. */
export function reasonOf(error: ConnectError): string | undefined {
  for (const detail of error.details) {
    if ('desc' in detail && detail.desc === ErrorInfoSchema) return (detail.value as { reason: string }).reason
  }
  return undefined
}
