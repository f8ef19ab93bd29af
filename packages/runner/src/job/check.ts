import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknown, refuseUnknownPart } from '../errors/unknown.ts'
import { type CheckedCollect, checkCollect } from '../files/collect.ts'
import { type CheckedFile, checkFiles } from '../files/put.ts'
import { type JobNamespace, resolveNamespace } from '../ids/job-namespace.ts'
import { type CheckedIsolation, checkIsolation, checkTmpfsBytes, workFolder } from '../isolation/index.ts'
import { type CheckedStdin, checkStdin, checkTty } from '../stdin/check.ts'
import type { TerminalSize } from '../stdin/config.ts'
import type { JobConfig, Limits } from './config.ts'
import { checkEnvironment } from './environment.ts'
import { type CheckedLimits, checkLimits } from './limits.ts'
import { checkName, freshName } from './name.ts'
import { type Signal, signalNumber } from './signal.ts'
import { type Account, findAccount } from './user.ts'

/** A job's configuration, checked and with defaults filled in. */
export interface CheckedJob {
  name: string
  command: readonly string[]
  env: Record<string, string>
  cwd: string
  account: Account | null
  isolation: CheckedIsolation
  userNamespace: JobNamespace | null
  /** Bytes of the job's own folder; null: none. */
  workdirBytes: number | null
  files: readonly CheckedFile[]
  /** Null: nothing to be read. */
  stdin: CheckedStdin | null
  /** Null: no terminal. */
  tty: TerminalSize | null
  collect: CheckedCollect | null
  labels: Record<string, string>
  limits: Limits
  checkedLimits: CheckedLimits
  /** It is to have no cgroup. */
  noLimits: boolean
  timeoutMs: number | null
  stopSignal: Signal
  stopGraceMs: number
  shim: 'native' | 'self'
}

const limitOptions = [
  'cpuMax',
  'cpuWeight',
  'cpusetCpus',
  'memoryMax',
  'memoryHigh',
  'swapMax',
  'ioMax',
  'ioWeight',
  'pidsMax',
] as const satisfies readonly (keyof Limits)[]

const options = [
  'command',
  'name',
  'env',
  'cwd',
  'user',
  'group',
  'isolation',
  'workdir',
  'files',
  'stdin',
  'tty',
  'collect',
  'labels',
  'noLimits',
  'timeoutMs',
  'stopSignal',
  'stopGraceMs',
  'shim',
  ...limitOptions,
] as const satisfies readonly (keyof JobConfig)[]

/** Longest time-out or grace, 24.8 days: a timer of Node's with more goes off at once. */
const maxMs = 0x7fffffff

/**
 * Checks what a caller gave to `start`, before anything is made.
 * @throws {InvalidOptionError} for the first option that is not accepted.
 */
export async function checkConfig(config: JobConfig, prefix: string): Promise<CheckedJob> {
  refuseUnknown('config', config, options)
  const limits = pickLimits(config)
  const command = checkCommand(config.command)
  const account = await findAccount(config.user, config.group, isMapped(config.isolation))
  const isolation = await checkIsolation(config.isolation, account?.uid)
  refuseGroupAlone(config, isolation)
  const userNamespace = await resolveNamespace(isolation.fences, account)
  const files = checkFiles(config.files)
  const workdirBytes = checkWorkdir(config.workdir, files, isolation)
  const tty = checkTty('tty', config.tty)
  const cwd = checkCwd(config.cwd ?? (workdirBytes === null ? '/' : workFolder))
  return {
    name: config.name === undefined ? freshName(prefix) : checkName('name', config.name),
    command,
    env: checkEnvironment(config.env, account ?? (isolation.fences.ownUser && nobodys(workdirBytes)), tty !== null),
    cwd,
    account,
    isolation,
    userNamespace,
    workdirBytes,
    files,
    stdin: await checkStdin('stdin', config.stdin),
    tty,
    collect: checkCollect(config.collect, cwd),
    labels: checkLabels('labels', config.labels),
    limits,
    checkedLimits: await checkLimits(limits),
    noLimits: checkNoLimits(config.noLimits, limits),
    timeoutMs: config.timeoutMs === undefined ? null : checkMs('timeoutMs', config.timeoutMs, 1),
    stopSignal: checkSignal('stopSignal', config.stopSignal ?? 'SIGTERM'),
    stopGraceMs: checkMs('stopGraceMs', config.stopGraceMs ?? 0, 0),
    shim: checkShim(config.shim ?? 'native'),
  }
}

/** The limits among a configuration's options, as they were given. */
export function pickLimits(config: Limits): Limits {
  const given = limitOptions.map((option) => [option, config[option]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** Whether a job is to have ids of its own making; whether they are ids is looked at later. */
function isMapped(isolation: JobConfig['isolation']): boolean {
  return typeof isolation === 'object' && isolation !== null && isolation.uidMap !== undefined
}

/** A user of a job's own has no name, and is at home where it can write. */
function nobodys(workdirBytes: number | null): Pick<Account, 'name' | 'home'> {
  return { name: null, home: workdirBytes === null ? '/tmp' : workFolder }
}

/** What has no cgroup cannot be limited. */
function checkNoLimits(noLimits: unknown, limits: Limits): boolean {
  checkBoolean('noLimits', noLimits)
  const [limit] = Object.entries(limits)
  if (noLimits === true && limit) {
    throw new InvalidOptionError(
      limit[0],
      limit[1],
      'no limit together with noLimits, which has the job run in no cgroup',
    )
  }
  return noLimits === true
}

/** A group alone would have the runner's user stand in for the one that the job is to have to itself. */
function refuseGroupAlone({ user, group }: JobConfig, { fences }: CheckedIsolation): void {
  if (fences.profile !== 'strict' || fences.uidMap || user !== undefined || group === undefined) return
  const accepted = "in the profile 'strict' only together with a user: without one a job has a group of its own"
  throw new InvalidOptionError('group', group, accepted)
}

/** Checks limits that are given alone; what they are is checked where they are set. */
export function checkUpdate(limits: Limits): Limits {
  refuseUnknown('limits', limits, limitOptions)
  return pickLimits(limits)
}

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

const defaultWorkdirBytes = 64 * 1024 * 1024

function checkWorkdir(workdir: unknown, files: readonly CheckedFile[], { fences }: CheckedIsolation): number | null {
  if (workdir === undefined && files.length === 0) return null
  const [option, value] = workdir === undefined ? ['files', files.map(({ path }) => path)] : ['workdir', workdir]
  if (fences.profile === 'none') {
    throw new InvalidOptionError(option, value, "nothing in the profile 'none', which has no /tmp of its own")
  }
  const over = fences.mounts.find(({ target }) => `${workFolder}/`.startsWith(`${target}/`))
  if (over) {
    throw new InvalidOptionError(option, value, `nothing together with a mount at ${over.target}, over ${workFolder}`)
  }
  if (workdir === undefined || workdir === 'private') return defaultWorkdirBytes
  refuseUnknownPart('workdir', workdir, ['size'], "'private' or { size }")
  return checkTmpfsBytes('workdir.size', (workdir as { size?: unknown }).size ?? defaultWorkdirBytes)
}

/** Checks a working directory. */
export function checkCwd(cwd: unknown): string {
  if (typeof cwd === 'string' && cwd.startsWith('/') && !cwd.includes('\0')) return cwd
  throw new InvalidOptionError('cwd', cwd, 'an absolute path')
}

function checkShim(shim: unknown): 'native' | 'self' {
  if (shim === 'native' || shim === 'self') return shim
  throw new InvalidOptionError('shim', shim, "'native' or 'self'")
}
