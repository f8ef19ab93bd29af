import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknown, refuseUnknownPart } from '../errors/unknown.ts'
import { type CheckedCollect, checkCollect } from '../files/collect.ts'
import { type CheckedFile, checkFiles } from '../files/put.ts'
import { type JobNamespace, resolveNamespace } from '../ids/job-namespace.ts'
import { type CheckedIsolation, checkIsolation, checkTmpfsBytes, isWithin, workFolder } from '../isolation/index.ts'
import { checkOutputMax } from '../output/bound.ts'
import { type CheckedStdin, checkStdin, checkTty } from '../stdin/check.ts'
import type { TerminalSize } from '../stdin/config.ts'
import type { JobConfig, Limits } from './config.ts'
import { checkEnvironment } from './environment.ts'
import { type CheckedLimits, checkLimits } from './limits.ts'
import { checkName, freshName } from './name.ts'
import type { Signal } from './signal.ts'
import { type Account, findAccount } from './user.ts'
import { checkBoolean, checkCommand, checkCwd, checkLabels, checkMs, checkSignal } from './values.ts'

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
  /** Null: no bound. */
  outputMaxBytes: number | null
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
  'outputMax',
  'labels',
  'noLimits',
  'timeoutMs',
  'stopSignal',
  'stopGraceMs',
  'shim',
  ...limitOptions,
] as const satisfies readonly (keyof JobConfig)[]

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
    outputMaxBytes: checkOutputMax(config.outputMax),
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

const defaultWorkdirBytes = 64 * 1024 * 1024

function checkWorkdir(workdir: unknown, files: readonly CheckedFile[], { fences }: CheckedIsolation): number | null {
  if (workdir === undefined && files.length === 0) return null
  const [option, value] = workdir === undefined ? ['files', files.map(({ path }) => path)] : ['workdir', workdir]
  if (fences.profile === 'none') {
    throw new InvalidOptionError(option, value, "nothing in the profile 'none', which has no /tmp of its own")
  }
  const over = fences.mounts.find(({ target }) => isWithin(workFolder, target))
  if (over) {
    throw new InvalidOptionError(option, value, `nothing together with a mount at ${over.target}, over ${workFolder}`)
  }
  if (workdir === undefined || workdir === 'private') return defaultWorkdirBytes
  refuseUnknownPart('workdir', workdir, ['size'], "'private' or { size }")
  return checkTmpfsBytes('workdir.size', (workdir as { size?: unknown }).size ?? defaultWorkdirBytes)
}

function checkShim(shim: unknown): 'native' | 'self' {
  if (shim === 'native' || shim === 'self') return shim
  throw new InvalidOptionError('shim', shim, "'native' or 'self'")
}
