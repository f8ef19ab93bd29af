import { RemoteError, type RemoteErrorOptions } from '@corral/client'
import { CorralError, InvalidOptionError, JobNotFoundError } from '@corral/runner'
import { expect, test, vi } from 'vitest'

import { flagOf, messageOf, reportError } from './report.ts'

test.each([
  ['memoryMax', '--memory-max'],
  ['cpusetCpus', '--cpuset-cpus'],
  ['cwd', '--workdir'],
  ['labels.team', '--label team'],
  ['stopGraceMs', '--stop-grace'],
  ['isolation', '--isolation'],
  ['isolation.root.directory', '--root directory'],
  ['isolation.mounts[1].source', '--mount source'],
  ['isolation.rlimits.nofile', '--rlimit nofile'],
  ['isolation.capabilities[0]', '--capability'],
  ['isolation.uidMap[0]', '--uid-map'],
  ['isolation.readOnlyPaths[0]', '--read-only-path'],
  ['isolation.keepChanges', '--keep-changes'],
  ['workdir.size', '--private-workdir'],
  ['workdir', '--private-workdir'],
])('%s is %s on the command line', (option, flag) => expect(flagOf(option)).toBe(flag))

test("a mistake names the command line's option", () => {
  expect(messageOf(new InvalidOptionError('memoryMax', '64Q', 'bytes'))).toBe(
    "--memory-max: received '64Q'; accepted: bytes",
  )
  expect(messageOf(new JobNotFoundError('x', '/r'))).toMatch(/no job 'x' under \/r.*corral ps -a/)
})

test.each<[string, RemoteError]>([
  [
    "--user: received 'root'; the policy accepts: 'ci'",
    refusal('FORBIDDEN_OPTION', "user: received 'root'; the policy accepts: 'ci'", { option: 'user' }),
  ],
  ['too many starts (try again in 1.5s)', refusal('RATE_LIMITED', 'too many starts', {}, { retryAfterMs: 1500 })],
  ['it failed (request r-1)', refusal('INTERNAL', 'it failed', {}, { requestId: 'r-1' })],
  ['give yours as --tls-cert and --tls-key', refusal('CERTIFICATE_REQUIRED', 'give yours as tls.cert and tls.key')],
])('a daemon says %j', (text, error) => expect(messageOf(error)).toBe(text))

function refusal(
  reason: string,
  message: string,
  metadata: Record<string, string> = {},
  more: RemoteErrorOptions = {},
): RemoteError {
  return new RemoteError('UNAVAILABLE', reason, message, { ...more, metadata })
}

test('what nobody foresaw says where it happened', () => {
  expect(messageOf(new TypeError('oops'))).toMatch(/unexpected failure: TypeError: oops\n +at /)
})

test.each([
  ['COMMAND_NOT_FOUND', 127],
  ['COMMAND_NOT_EXECUTABLE', 126],
  ['STORAGE_FULL', 125],
] as const)('%s is exit status %i', (code, exitStatus) => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  expect(reportError(new CorralError(code, 'could not'))).toBe(exitStatus)
  expect(write).toHaveBeenCalledWith('corral: could not\n')
  write.mockRestore()
})

test('a failure of cleaning up is said after what went before', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const first = new CorralError('COMMAND_NOT_FOUND', 'first')
  expect(reportError(new SuppressedError(new CorralError('CONTROL_FAILED', 'then'), first))).toBe(127)
  expect(write.mock.calls.flat()).toEqual(['corral: first\n', 'corral: then\n'])
  write.mockRestore()
})
