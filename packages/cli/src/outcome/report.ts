import type { RemoteError } from '@corral/client'
import {
  CorralError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
} from '@corral/runner/errors'

import { StdoutFailedError } from '../streams/stdout.ts'
import { formatDuration } from '../text/duration.ts'
import { exitStatusOfFailure } from './exit-status.ts'
import { UsageError } from './usage-error.ts'

const ourFailure = 125

/** Says on stderr what went wrong; gives the exit status for it. */
export function reportError(error: unknown): number {
  if (error instanceof SuppressedError) {
    // Something failed, and so did cleaning up after it.
    const exitStatus = reportError(error.suppressed)
    reportError(error.error)
    return exitStatus
  }
  process.stderr.write(`corral: ${messageOf(error)}\n`)
  return error instanceof CorralError ? exitStatusOfFailure(error.code) : ourFailure
}

/** What went wrong, in one sentence; for what we did not foresee, with where it happened. */
export function messageOf(error: unknown): string {
  if (error instanceof InvalidOptionError) return `${flagOf(error.option)}${error.message.slice(error.option.length)}`
  if (error instanceof JobNotFoundError) return `${error.message} ('corral ps -a' lists all jobs)`
  if (isForeseen(error)) return error.message
  if (isRemote(error)) return describeRefusal(error)
  return error instanceof Error ? `unexpected failure: ${error.stack}` : `unexpected failure: ${String(error)}`
}

function isForeseen(error: unknown): error is Error {
  if (error instanceof CorralError || error instanceof UsageError || error instanceof StdoutFailedError) return true
  if (error instanceof JobEndedError || error instanceof JobNameTakenError || error instanceof NoChangesError)
    return true
  if (error instanceof Error && error.name === 'CertificateError') return true
  return error instanceof Error && 'syscall' in error && 'code' in error
}

/** By its name: the client's code is not loaded for commands on jobs of this host. */
function isRemote(error: unknown): error is RemoteError {
  return error instanceof Error && error.name === 'RemoteError'
}

/** A daemon's refusal, in the command line's terms. */
function describeRefusal({ reason, message, metadata, retryAfterMs, requestId }: RemoteError): string {
  const { option = '' } = metadata
  const named = reason === 'FORBIDDEN_OPTION' && message.startsWith(option) && option !== ''
  const text = named ? `${flagOf(option)}${message.slice(option.length)}` : namingFlags(message)
  const retry = retryAfterMs ? ` (try again in ${formatDuration(retryAfterMs)})` : ''
  return `${text}${retry}${reason === 'INTERNAL' && requestId ? ` (request ${requestId})` : ''}`
}

/** What the client calls `tls.cert` is an option of ours. */
function namingFlags(message: string): string {
  return message.replaceAll(/\btls\.(cert|key|ca)\b/g, '--tls-$1')
}

/** What the library's options are called on the command line, where it is not the same in kebab case. */
const flags: Record<string, string> = {
  cwd: '--workdir',
  timeoutMs: '--timeout',
  stopGraceMs: '--stop-grace',
  graceMs: '--grace',
  labels: '--label',
  files: '--file',
  hosts: '--host',
  command: 'the command',
  isolation: '--isolation',
  workdir: '--private-workdir',
  'workdir.size': '--private-workdir',
  'isolation.mounts': '--mount',
  'isolation.capabilities': '--capability',
  'isolation.rlimits': '--rlimit',
  'isolation.devices': '--device',
  'isolation.readOnlyPaths': '--read-only-path',
  'isolation.maskedPaths': '--masked-path',
  'isolation.noNewPrivileges': '--new-privileges',
  'restart.maxRestarts': '--restart',
}

/**
 * The command line's name of an option of the library's: `memoryMax` → `--memory-max`, `isolation.root` → `--root`, and
 * what is in it behind that: `isolation.mounts[0].source` → `--mount source`.
 */
export function flagOf(option: string): string {
  const [group, ...names] = option.replaceAll(/\[\d+\]/g, '').split('.')
  if (group === 'tls') return `--tls-${names.join('-')}`
  const isGrouped = names.length > 0 && (group === 'isolation' || group === 'workdir')
  const [head = '', ...rest] = isGrouped ? [`${group}.${names[0]}`, ...names.slice(1)] : [group, ...names]
  const name = isGrouped ? names[0]! : head
  return [flags[head] ?? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, ...rest].join(' ')
}
