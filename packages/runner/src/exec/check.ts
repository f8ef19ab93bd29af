import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknown } from '../errors/unknown.ts'
import { hasId } from '../ids/mapping.ts'
import { refusePastaUser } from '../network/index.ts'
import { checkAbort, checkCommand, checkCwd, checkMs } from '../job/values.ts'
import { checkVariables } from '../job/environment.ts'
import { type Account, findAccount } from '../job/user.ts'
import { type CheckedStdin, checkStdin, checkTty } from '../stdin/check.ts'
import type { TerminalSize } from '../stdin/config.ts'
import type { JobSpec } from '../store/job-spec.ts'
import type { ExecConfig } from './config.ts'

/** A further command, checked and with what it has of its job filled in. */
export interface CheckedExec {
  command: readonly string[]
  env: Record<string, string>
  cwd: string
  /** Null: the job's user. */
  account: Pick<Account, 'uid' | 'gid' | 'groups'> | null
  stdin: CheckedStdin | null
  tty: TerminalSize | null
  timeoutMs: number | null
}

const options = [
  'command',
  'env',
  'cwd',
  'user',
  'group',
  'stdin',
  'tty',
  'timeoutMs',
  'signal',
] as const satisfies readonly (keyof ExecConfig)[]

/**
 * `ownUid`: the uid that the job has to itself; null: it is the spec's.
 * @throws {InvalidOptionError} for the first option that is not accepted.
 */
export async function checkExec(config: ExecConfig, spec: JobSpec, ownUid: number | null): Promise<CheckedExec> {
  refuseUnknown('exec', config, options)
  checkAbort('signal', config.signal)
  const found = await findUser(config, spec, ownUid)
  const account = found && isJobs(found, spec, ownUid) ? null : found
  // Who is still the job's user is at home where that is.
  const named = config.user === undefined ? null : found
  const tty = checkTty('tty', config.tty)
  return {
    command: checkCommand(config.command),
    env: checkVariables(config.env, { ...spec.env, ...accountVariables(named), ...terminalVariables(spec, tty) }),
    cwd: config.cwd === undefined ? spec.cwd : checkCwd(config.cwd),
    account,
    stdin: await checkStdin('stdin', config.stdin),
    tty,
    timeoutMs: config.timeoutMs === undefined ? null : checkMs('timeoutMs', config.timeoutMs, 1),
  }
}

/** Checks the id of a further command, which is also the name of its folder. */
export function checkExecId(option: string, id: unknown): string {
  if (typeof id === 'string' && /^[A-Za-z0-9-]{1,63}$/.test(id)) return id
  throw new InvalidOptionError(option, id, "an Execution's id: letters, digits and -, at most 63")
}

async function findUser({ user, group }: ExecConfig, spec: JobSpec, ownUid: number | null): Promise<Account | null> {
  const { uidMap, gidMap, network } = spec.isolation
  if (user === undefined && group === undefined) return null
  const account = await findAccount(user ?? spec.user?.uid ?? ownUid ?? undefined, group, uidMap !== null)
  refusePastaUser(network, account?.uid)
  if (!account || !uidMap) return account
  if (!hasId(uidMap, account.uid)) throw new InvalidOptionError('user', account.uid, 'an id that the job has')
  const groups = account.groups.filter((id) => hasId(gidMap ?? uidMap, id))
  return { ...account, groups }
}

/** An ordinary user's job may be nobody but that user, who may then set neither ids nor groups, the same ones included. */
function isJobs({ uid, gid }: Account, { user }: JobSpec, ownUid: number | null): boolean {
  const jobs = user ?? { uid: ownUid ?? process.geteuid!(), gid: ownUid ?? process.getegid!() }
  return process.geteuid!() !== 0 && uid === jobs.uid && gid === jobs.gid
}

function accountVariables(account: Account | null): Record<string, string> {
  if (!account) return {}
  return { HOME: account.home, ...(account.name !== null && { USER: account.name, LOGNAME: account.name }) }
}

/** A job without a terminal says so; a command that has one in it need not. */
function terminalVariables({ env }: JobSpec, tty: TerminalSize | null): Record<string, string> {
  return tty && env['TERM'] === 'dumb' ? { TERM: 'xterm' } : {}
}
