import { Code, ConnectError } from '@connectrpc/connect'
import { ErrorInfoSchema } from '@corral/api'
import {
  CorralError,
  ExecutionNotFoundError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
} from '@corral/runner/errors'
import { expect, test } from 'vitest'

import { codeName, decodeError } from './decode.ts'
import { RemoteError } from './remote-error.ts'

/** An error as the daemon sends it. */
function sent(code: Code, reason: string, metadata: Record<string, string>, domain = 'corral'): ConnectError {
  const error = new ConnectError('what the daemon says', code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain, metadata } },
  ])
  return error
}

test.for([
  ['INVALID_OPTION', { option: 'memoryMax', received: "'much'", accepted: 'bytes' }, InvalidOptionError],
  ['JOB_NOT_FOUND', { jobName: 'x' }, JobNotFoundError],
  ['EXECUTION_NOT_FOUND', { jobName: 'x', executionId: 'y' }, ExecutionNotFoundError],
  ['JOB_NAME_TAKEN', { jobName: 'x' }, JobNameTakenError],
  ['JOB_ENDED', { jobName: 'x', attempted: 'freeze' }, JobEndedError],
  ['NO_CHANGES', { jobName: 'x', reason: 'none' }, NoChangesError],
] as const)('%s is the class of the library that it was', ([reason, metadata, type]) => {
  const { error } = decodeError(sent(Code.NotFound, reason, metadata), 'unix:///s')
  expect(error).toBeInstanceOf(type)
  const { executionId, ...own } = metadata as Record<string, string>
  if (type === InvalidOptionError) expect(error.message).toBe("memoryMax: received 'much'; accepted: bytes")
  else expect(error).toMatchObject(executionId === undefined ? own : { ...own, executionId })
})

test("a failure of the library's has its code, and where it was", () => {
  const metadata = { syscall: 'exec', path: '/x', errno: 'ENOENT' }
  const { error } = decodeError(sent(Code.FailedPrecondition, 'COMMAND_NOT_FOUND', metadata), 'unix:///s')
  expect(error).toBeInstanceOf(CorralError)
  expect(error).toMatchObject({ code: 'COMMAND_NOT_FOUND', message: 'what the daemon says', ...metadata })
})

test.for([
  ['TOKEN_EXPIRED', 'CONTROL_FAILED'],
  ['INPUT_GONE', 'STDIN_FAILED'],
] as const)('%s is what the library calls %s', ([reason, code]) => {
  const { error } = decodeError(sent(Code.OutOfRange, reason, {}), 'unix:///s')
  expect(error).toBeInstanceOf(CorralError)
  expect(error).toMatchObject({ code, cause: { reason } })
})

test.for([
  [sent(Code.PermissionDenied, 'FORBIDDEN_OPTION', { option: 'user' }), 'PERMISSION_DENIED', 'FORBIDDEN_OPTION'],
  [sent(Code.Internal, 'INTERNAL', { requestId: 'r1' }), 'INTERNAL', 'INTERNAL'],
  // Somebody else's words for something else.
  [sent(Code.Internal, 'JOB_NOT_FOUND', {}, 'elsewhere.com'), 'INTERNAL', ''],
  [new ConnectError('no such method', Code.Unimplemented), 'UNIMPLEMENTED', ''],
] as const)('%s is a remote error', ([given, code, reason]) => {
  const { error, isTransient } = decodeError(given, 'unix:///s')
  expect(error).toBeInstanceOf(RemoteError)
  expect(error).toMatchObject({ code, reason })
  expect(isTransient).toBe(false)
})

test.for([
  ['DRAINING', true, true],
  ['CLOSED', true, false],
  ['CGROUP_UNAVAILABLE', false, false],
  ['AUDIT_UNAVAILABLE', false, false],
] as const)('%s may pass: %s; was undone: %s', ([reason, isTransient, isUndone]) => {
  expect(decodeError(sent(Code.Unavailable, reason, {}), 'unix:///s')).toMatchObject({ isTransient, isUndone })
})

test('codes have the names that gRPC gives them', () => {
  const codes = Object.values(Code).filter((code): code is Code => typeof code === 'number')
  expect(codes.map(codeName)).toEqual([
    'CANCELLED',
    'UNKNOWN',
    'INVALID_ARGUMENT',
    'DEADLINE_EXCEEDED',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED',
    'FAILED_PRECONDITION',
    'ABORTED',
    'OUT_OF_RANGE',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAVAILABLE',
    'DATA_LOSS',
    'UNAUTHENTICATED',
  ])
})
