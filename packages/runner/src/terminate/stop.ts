import { freezeCgroup, killCgroup } from '../cgroup/index.ts'
import { CorralError } from '../errors/corral-error.ts'
import { errnoName, errnoText } from '../errors/errno.ts'
import { JobEndedError } from '../errors/mistakes.ts'
import { type Signal, signalNumber } from '../job/signal.ts'
import type { Session } from '../launch/session.ts'
import type { JobFolder } from '../store/job-folder.ts'

/** What `stop` takes. */
export interface StopOptions {
  /** The signal that asks the job to end, when there is a grace. Default: the job's `stopSignal`. */
  signal?: Signal
  /** Milliseconds between that signal and SIGKILL. Default: the job's `stopGraceMs`, which is 0: SIGKILL at once. */
  graceMs?: number
  /** Keep the ended job, its status and its output, until the next `stop`. Default false. */
  keepOutput?: boolean
}

/**
 * Sends a signal to a job's command. SIGKILL goes to the whole job, through its cgroup.
 * @throws {JobEndedError} when there is nobody left to send it to.
 */
export async function sendSignal(session: Session, folder: JobFolder, signal: Signal): Promise<void> {
  if (signal === 'SIGKILL') {
    const { cgroups } = await folder.readSpec()
    return killCgroup(cgroups.cgroup)
  }
  const fields = [['name', folder.name], ['signal', signalNumber(signal)!]] as const
  let reply = await session.request('signal', fields)
  if (reply.get('type') === 'error' && errnoName(reply.number('errno') ?? 0) === 'ESRCH') {
    // A launcher that was not there at the start does not know the job yet.
    if (!(await session.follow(folder))) reply = await session.request('signal', fields)
  }
  if (reply.get('type') !== 'error') return
  const errno = errnoName(reply.number('errno') ?? 0)
  if (errno === 'ESRCH') throw new JobEndedError(folder.name, `send ${signal} to`)
  const message = `could not send ${signal} to job ${folder.name}: ${errnoText(errno)} (${errno})`
  throw new CorralError('CONTROL_FAILED', message, { errno, syscall: 'pidfd_send_signal' })
}

/** Ends a job that runs: asks and waits for as long as the grace is, then kills. Resolves when it has ended. */
export async function endJob(session: Session, folder: JobFolder, options: StopOptions): Promise<void> {
  const spec = await folder.readSpec()
  const [graceMs, signal] = [options.graceMs ?? spec.stopGraceMs, options.signal ?? spec.stopSignal]
  const ended = session.end(folder)
  ended.catch(() => {})
  await folder.noteStopping(graceMs > 0 ? signal : 'SIGKILL')
  if (graceMs > 0 && (await askToEnd(session, folder, signal, spec.cgroups.cgroup, graceMs, ended))) return
  await killCgroup(spec.cgroups.cgroup)
  await ended
}

/** True when the job ended within the grace. */
async function askToEnd(
  session: Session,
  folder: JobFolder,
  signal: Signal,
  cgroup: string,
  graceMs: number,
  ended: Promise<unknown>,
): Promise<boolean> {
  try {
    await sendSignal(session, folder, signal)
    // A frozen job could not hear.
    await freezeCgroup(cgroup, false)
  } catch (error) {
    if (!(error instanceof JobEndedError)) throw error
  }
  const { promise: graceOver, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, graceMs, false)
  try {
    return await Promise.race([ended.then(() => true), graceOver])
  } finally {
    clearTimeout(timer)
  }
}
