import {
  CorralError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
} from '@corral/runner'

import { StdoutFailedError } from '../streams/stdout.ts'
import { UsageError } from './usage-error.ts'

const ourFailure = 125
const notExecutable = 126
const notFound = 127

/** Says on stderr what went wrong; gives the exit status for it. */
export function reportError(error: unknown): number {
  if (error instanceof SuppressedError) {
    // Something failed, and so did cleaning up after it.
    const exitStatus = reportError(error.suppressed)
    reportError(error.error)
    return exitStatus
  }
  process.stderr.write(`corral: ${messageOf(error)}\n`)
  if (!(error instanceof CorralError)) return ourFailure
  if (error.code === 'COMMAND_NOT_FOUND') return notFound
  return error.code === 'COMMAND_NOT_EXECUTABLE' ? notExecutable : ourFailure
}

/** What went wrong, in one sentence; for what we did not foresee, with where it happened. */
export function messageOf(error: unknown): string {
  if (error instanceof InvalidOptionError) return `${flagOf(error.option)}${error.message.slice(error.option.length)}`
  if (error instanceof JobNotFoundError) return `${error.message} ('corral ps -a' lists all jobs)`
  if (isForeseen(error)) return error.message
  return error instanceof Error ? `unexpected failure: ${error.stack}` : `unexpected failure: ${String(error)}`
}

function isForeseen(error: unknown): error is Error {
  if (error instanceof CorralError || error instanceof UsageError || error instanceof StdoutFailedError) return true
  if (error instanceof JobEndedError || error instanceof JobNameTakenError || error instanceof NoChangesError)
    return true
  return error instanceof Error && 'syscall' in error && 'code' in error
}

/** What the library's options are called on the command line, where it is not the same in kebab case. */
const flags: Record<string, string> = {
  cwd: '--workdir',
  timeoutMs: '--timeout',
  stopGraceMs: '--stop-grace',
  graceMs: '--grace',
  labels: '--label',
  files: '--file',
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
}

/**
 * The command line's name of an option of the library's: `memoryMax` → `--memory-max`, `isolation.root` → `--root`, and
 * what is in it behind that: `isolation.mounts[0].source` → `--mount source`.
 */
export function flagOf(option: string): string {
  const [group, ...names] = option.replaceAll(/\[\d+\]/g, '').split('.')
  const isGrouped = names.length > 0 && (group === 'isolation' || group === 'workdir')
  const [head = '', ...rest] = isGrouped ? [`${group}.${names[0]}`, ...names.slice(1)] : [group, ...names]
  const name = isGrouped ? names[0]! : head
  return [flags[head] ?? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, ...rest].join(' ')
}
