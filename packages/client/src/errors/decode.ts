import type { MessageShape } from '@bufbuild/protobuf'
import { durationMs } from '@bufbuild/protobuf/wkt'
import { Code, type ConnectError } from '@connectrpc/connect'
import { ErrorInfoSchema, RetryInfoSchema } from '@corral/api'
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

import type { Trouble } from '../transport/way.ts'
import { type RemoteCode, RemoteError } from './remote-error.ts'

/** Whose reasons we know. */
const domain = 'corral'

/** What the daemon says with its errors. */
type Said = Readonly<Record<string, string>>

/** The library's mistakes, from what the daemon says of them. */
const mistakes: Record<string, (said: Said, address: string) => Error> = {
  INVALID_OPTION: ({ option = '', received = '', accepted = '' }) =>
    new InvalidOptionError(option, received, accepted, received),
  JOB_NOT_FOUND: ({ jobName = '' }, address) => new JobNotFoundError(jobName, address),
  JOB_NAME_TAKEN: ({ jobName = '' }) => new JobNameTakenError(jobName),
  JOB_ENDED: ({ jobName = '', attempted = '' }) => new JobEndedError(jobName, attempted),
  NO_CHANGES: ({ jobName = '', reason = '' }) => new NoChangesError(jobName, reason),
  EXECUTION_NOT_FOUND: ({ jobName = '', executionId = '' }, address) =>
    new ExecutionNotFoundError(jobName, executionId, address),
}

/** What the library has a code of its own for. The daemon's error is the cause. */
const libraryCodes: Record<string, CorralErrorCode> = {
  TOKEN_EXPIRED: 'CONTROL_FAILED',
  INPUT_GONE: 'STDIN_FAILED',
}

/** The library's own failures: every code that there is. */
const failures: Record<CorralErrorCode, true> = {
  COMMAND_NOT_FOUND: true,
  COMMAND_NOT_EXECUTABLE: true,
  CWD_UNUSABLE: true,
  LIMIT_REFUSED: true,
  CGROUP_UNAVAILABLE: true,
  NAMESPACE_REFUSED: true,
  FENCE_REFUSED: true,
  FILES_REFUSED: true,
  STORAGE_UNUSABLE: true,
  STORAGE_FULL: true,
  LAUNCHER_UNAVAILABLE: true,
  START_FAILED: true,
  STDIN_FAILED: true,
  CONTROL_FAILED: true,
  CLOSED: true,
}

/** What the daemon has sent, in the library's terms where that has them. */
export function decodeError(error: ConnectError, address: string): Trouble {
  const info = error.findDetails(ErrorInfoSchema).find((detail) => detail.domain === domain)
  return {
    error: info ? decodeInfo(info, error, address) : decodePlain(error, address),
    isTransient: isTransient(error.code, info?.reason),
    isUndone: info?.reason === 'DRAINING',
  }
}

/** A daemon that ends, or has just begun; what it cannot do is not for the time alone to mend. */
function isTransient(code: Code, reason: string | undefined): boolean {
  return code === Code.Unavailable && (reason === undefined || reason === 'DRAINING' || reason === 'CLOSED')
}

function decodeInfo(
  { reason, metadata }: MessageShape<typeof ErrorInfoSchema>,
  error: ConnectError,
  address: string,
): Error {
  const message = error.rawMessage
  if (Object.hasOwn(mistakes, reason)) return mistakes[reason]!(metadata, address)
  const libraryCode = libraryCodes[reason]
  if (libraryCode) return new CorralError(libraryCode, message, { cause: remoteError(error, reason, metadata) })
  if (!Object.hasOwn(failures, reason)) return remoteError(error, reason, metadata)
  const { syscall, path, errno } = metadata
  return new CorralError(reason as CorralErrorCode, message, {
    ...(syscall !== undefined && { syscall }),
    ...(path !== undefined && { path }),
    ...(errno !== undefined && { errno }),
  })
}

/** Without a reason it is Connect that speaks, or the door of the daemon. */
function decodePlain(error: ConnectError, address: string): RemoteError {
  if (error.code !== Code.Unauthenticated) return remoteError(error, '')
  const message = `corrald at ${address} does not take our certificate: ${error.rawMessage}`
  return new RemoteError('UNAUTHENTICATED', 'CERTIFICATE_REFUSED', message, { cause: error })
}

function remoteError(error: ConnectError, reason: string, metadata: Said = {}): RemoteError {
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay
  return new RemoteError(codeName(error.code), reason, error.rawMessage, {
    metadata,
    requestId: metadata['requestId'] ?? error.metadata.get('x-request-id') ?? undefined,
    retryAfterMs: retry && durationMs(retry),
  })
}

/** gRPC's name of a code: `NOT_FOUND`. */
export function codeName(code: Code): RemoteCode {
  if (code === Code.Canceled) return 'CANCELLED'
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() as RemoteCode
}
