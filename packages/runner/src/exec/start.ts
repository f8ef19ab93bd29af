import { CorralError } from '../errors/corral-error.ts'
import { errnoName, startError } from '../errors/errno.ts'
import { JobEndedError } from '../errors/mistakes.ts'
import { Disconnected } from '../launch/connection.ts'
import type { Session } from '../launch/session.ts'
import { terminalFields } from '../stdin/fields.ts'
import { type Input, openInput } from '../stdin/input.ts'
import type { ExecFolder } from '../store/exec-folder.ts'
import type { Started } from '../store/job-folder.ts'
import type { JobSpec } from '../store/job-spec.ts'
import type { Field, FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import type { CheckedExec } from './check.ts'
import { execRequest } from './request.ts'

/** A further command that was started, and what it is yet to be sent. */
export interface StartedExec extends Started {
  input: Input
}

/**
 * Runs a further command in a job; resolves once it has been exec'd.
 * @throws {CorralError} when it has not been: nothing is left behind.
 * @throws {JobEndedError}
 */
export async function startExec(
  session: Session,
  storage: Storage,
  folder: ExecFolder,
  exec: CheckedExec,
  { spec, lifeline }: { spec: JobSpec; lifeline: boolean },
): Promise<StartedExec> {
  const input = await openExecInput(session, storage, exec)
  try {
    const fields: Field[] = [
      ['name', spec.name],
      ['exec', folder.id],
      ...terminalFields(exec.tty),
      ...input.fields,
      ...(lifeline ? ([['lifeline', 1]] as const) : []),
      ...execRequest(exec, spec),
    ]
    const reply = await ask(session, spec.name, 'exec', fields, 'run a command in')
    return { pid: reply.number('command') ?? 0, at: new Date(reply.number('started') ?? 0), input }
  } catch (error) {
    input.discard()
    throw error
  }
}

async function openExecInput(session: Session, storage: Storage, exec: CheckedExec): Promise<Input> {
  // So that there is a launcher.
  await session.open()
  try {
    return await openInput(storage, exec.stdin, true)
  } catch (error) {
    throw error instanceof Disconnected ? launcherDied(error) : error
  }
}

/**
 * Has a job's init do something; `attempted` says what is done with the job.
 * @throws {JobEndedError} when the job has ended, or what is asked about.
 * @throws {CorralError}
 */
export async function ask(
  session: Session,
  name: string,
  type: string,
  fields: readonly Field[],
  attempted: string,
): Promise<FieldList> {
  let reply: FieldList
  try {
    reply = await session.request(type, fields)
  } catch (error) {
    throw error instanceof Disconnected ? launcherDied(error) : error
  }
  if (reply.get('type') !== 'error') return reply
  const [step, errno] = [reply.get('step') ?? type, errnoName(reply.number('errno') ?? 0)]
  if (step === 'job' && errno === 'ESRCH') throw new JobEndedError(name, attempted)
  if (type === 'resize' && errno === 'ENOTTY') {
    throw new CorralError('CONTROL_FAILED', `could not ${attempted} job ${name}: there is none`, {
      syscall: step,
      errno,
    })
  }
  throw startError(step, reply.get('path') ?? '', errno, reply.get('message') ?? '')
}

function launcherDied(cause: Error): CorralError {
  const message =
    'the launcher died while it was asked: whether the job has heard is not known, and it can be asked no more'
  return new CorralError('LAUNCHER_UNAVAILABLE', message, { cause })
}
