import { InvalidOptionError } from '../errors/mistakes.ts'
import { type Signal, signalNumber } from './signal.ts'

/** Longest time-out or grace, 24.8 days: a timer of Node's with more goes off at once. */
const maxMs = 0x7fffffff

/** Checks an option that is to cancel. */
export function checkAbort(option: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new InvalidOptionError(option, signal, 'an AbortSignal')
}

/** Checks an option that is yes or no. */
export function checkBoolean(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new InvalidOptionError(option, value, 'true or false')
}

/** Checks a signal's name. */
export function checkSignal(option: string, signal: unknown): Signal {
  if (typeof signal === 'string' && signalNumber(signal) !== undefined) return signal as Signal
  throw new InvalidOptionError(option, signal, "a signal's name as Node has it, such as 'SIGTERM'")
}

/** Checks a time in milliseconds. */
export function checkMs(option: string, value: unknown, min: number): number {
  if (typeof value === 'number' && value >= min && value <= maxMs) return Math.ceil(value)
  throw new InvalidOptionError(option, value, `milliseconds from ${min} to ${maxMs}`)
}

/** Checks labels, of a job or to list by. */
export function checkLabels(option: string, labels: unknown): Record<string, string> {
  if (labels === undefined) return {}
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new InvalidOptionError(option, labels, 'an object of strings')
  }
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value !== 'string' || key === '' || `${key}${value}`.includes('\0')) {
      throw new InvalidOptionError(`${option}.${key}`, value, 'a string without NUL')
    }
  }
  return { ...labels }
}

/** Checks a program with its arguments. */
export function checkCommand(command: unknown): readonly string[] {
  const valid = Array.isArray(command) && command.length > 0 && command[0] !== ''
  if (valid && command.every((word) => typeof word === 'string' && !word.includes('\0')))
    return [...command] as string[]
  throw new InvalidOptionError('command', command, 'an array of strings without NUL: the program and its arguments')
}

/** Checks a working directory. */
export function checkCwd(cwd: unknown): string {
  if (typeof cwd === 'string' && cwd.startsWith('/') && !cwd.includes('\0')) return cwd
  throw new InvalidOptionError('cwd', cwd, 'an absolute path')
}
