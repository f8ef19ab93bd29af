import { rmdir } from 'node:fs/promises'

import { freezeCgroup, isPopulated, jobDirectories, killCgroup } from '../cgroup/index.ts'
import { CorralError } from '../errors/corral-error.ts'
import { errnoName, errnoText } from '../errors/errno.ts'
import { JobEndedError, JobNotFoundError } from '../errors/mistakes.ts'
import { type Signal, signalNumber } from '../job/signal.ts'
import { Disconnected } from '../launch/connection.ts'
import type { Session } from '../launch/session.ts'
import { readEnd } from '../result/look.ts'
import type { JobFolder } from '../store/job-folder.ts'
import type { JobSpec } from '../store/job-spec.ts'
import type { Field, FieldList } from '../store/record.ts'
import type { StopOptions } from './options.ts'

/** How often a signal is tried while one launcher after the other goes away. */
const mostTries = 4

/**
 * Sends a signal to a job's command. SIGKILL goes to the whole job.
 * @throws {JobEndedError} when there is nobody left to send it to.
 */
export async function sendSignal(session: Session, folder: JobFolder, signal: Signal): Promise<void> {
  if (await readEnd(folder)) throw new JobEndedError(folder.name, `send ${signal} to`)
  if (signal !== 'SIGKILL') return passSignal(session, folder, signal)
  const [tracking] = await cgroupsOf(session, folder.name, await folder.findSpec())
  // It can be killed all the same.
  await folder.noteKilling().catch(() => {})
  await killJob(session, folder, tracking)
}

/** Ends a job if it runs: asks and waits for as long as the grace is, then kills. Gives its exit record. */
export async function endJob(
  session: Session,
  folder: JobFolder,
  spec: JobSpec | undefined,
  options: StopOptions,
): Promise<FieldList> {
  const end = await readEnd(folder)
  if (end) return end
  const [tracking] = await cgroupsOf(session, folder.name, spec)
  const [graceMs, signal] = [options.graceMs ?? spec?.stopGraceMs ?? 0, options.signal ?? spec?.stopSignal ?? 'SIGTERM']
  const ended = session.end(folder)
  ended.catch(() => {})
  await folder.noteStopping(graceMs > 0 ? signal : 'SIGKILL', !options.keepOutput).catch((error: unknown) => {
    // The job can be stopped all the same; only that it was will not be known of it.
    if (!(error instanceof CorralError)) throw error
  })
  if (graceMs > 0 && (await askToEnd(session, folder, signal, tracking, graceMs, ended))) return ended
  // A kill that fails is told, unless the job has ended all the same.
  return Promise.race([ended, killJob(session, folder, tracking).then(() => ended)])
}

/** Removes cgroups that init, as the record says, could not: when nothing is in them any more. */
export async function removeLeftCgroups(
  session: Session,
  name: string,
  spec: JobSpec | undefined,
  end: FieldList,
): Promise<void> {
  if (end.get('leftover') === undefined) return
  const directories = await cgroupsOf(session, name, spec).catch(() => [])
  await Promise.allSettled(directories.map((directory) => rmdir(directory)))
}

/** A job's cgroups, if it has any, the tracking one first; for one whose spec is damaged, those that it can have. */
async function cgroupsOf(session: Session, name: string, spec: JobSpec | undefined): Promise<readonly string[]> {
  return spec ? (spec.cgroups?.directories ?? []) : jobDirectories((await session.open()).place, name)
}

/**
 * Kills all of a job: its cgroup at once, which needs no launcher, then through its init whatever has found a way into
 * another cgroup, or is in none of the job's. Of a job whose processes have ended, and whose files are being collected,
 * that is given up. Resolves also when there is nobody left to kill.
 */
async function killJob(session: Session, folder: JobFolder, tracking: string | undefined): Promise<void> {
  const hasEnded = tracking === undefined || !(await isPopulated(tracking))
  if (tracking !== undefined) await killCgroup(tracking)
  await passSignal(session, folder, 'SIGKILL', hasEnded).catch((error: unknown) => {
    if (!(error instanceof JobEndedError || error instanceof JobNotFoundError)) throw error
  })
}

/** Has the job's init pass a signal on. */
async function passSignal(session: Session, folder: JobFolder, signal: Signal, givesUp = false): Promise<void> {
  for (let tries = 1; ; tries++) {
    const reply = await request(session, folder, signal, givesUp)
    if (reply && reply.get('type') !== 'error') return
    const errno = reply ? errnoName(reply.number('errno') ?? 0) : 'ECONNRESET'
    // A launcher that was not there at the start does not know the job yet.
    const isUnknown = !reply || errno === 'ESRCH'
    if (isUnknown && (await session.follow(folder))) throw new JobEndedError(folder.name, `send ${signal} to`)
    if (isUnknown && tries < mostTries) continue
    const message = `could not send ${signal} to job ${folder.name}: ${errnoText(errno)} (${errno})`
    throw new CorralError('CONTROL_FAILED', message, { errno, syscall: 'pidfd_send_signal' })
  }
}

/** Undefined: the launcher went away meanwhile. */
async function request(
  session: Session,
  folder: JobFolder,
  signal: Signal,
  givesUp: boolean,
): Promise<FieldList | undefined> {
  const fields: Field[] = [
    ['name', folder.name],
    ['signal', signalNumber(signal)!],
  ]
  try {
    return await session.request('signal', givesUp ? [...fields, ['giveup', 1]] : fields)
  } catch (error) {
    if (error instanceof Disconnected) return undefined
    throw error
  }
}

/** True when the job ended within the grace. */
async function askToEnd(
  session: Session,
  folder: JobFolder,
  signal: Signal,
  tracking: string | undefined,
  graceMs: number,
  ended: Promise<unknown>,
): Promise<boolean> {
  try {
    await passSignal(session, folder, signal)
    // A frozen job could not hear.
    if (tracking !== undefined) await freezeCgroup(tracking, false)
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
