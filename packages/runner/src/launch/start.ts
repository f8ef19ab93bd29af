import type { CgroupPlan, NoPlace, Place } from '../cgroup/contract.ts'
import { planJob, readMounts } from '../cgroup/index.ts'
import { CorralError } from '../errors/corral-error.ts'
import { errnoName, startError } from '../errors/errno.ts'
import { JobNameTakenError, JobNotFoundError } from '../errors/mistakes.ts'
import { putFields } from '../files/put.ts'
import { ownUserFields, requireIds, userFields } from '../ids/fields.ts'
import {
  type Fences,
  hostFacts,
  type IsolationFields,
  isolationFields,
  refuseStorageRoot,
  workFolder,
} from '../isolation/index.ts'
import type { CheckedJob } from '../job/check.ts'
import { describePasta, type NetworkPlan, planNetwork, resolverTarget } from '../network/index.ts'
import { settleEnd } from '../result/settle.ts'
import { shimCommand } from '../shim/shim.ts'
import { type Input, openInput } from '../stdin/input.ts'
import { ownIdentity } from '../store/identity.ts'
import { JobFolder, type Started } from '../store/job-folder.ts'
import type { JobSpec } from '../store/job-spec.ts'
import type { FieldList } from '../store/record.ts'
import { undoStart } from '../store/recover.ts'
import type { Storage } from '../store/storage.ts'
import { Disconnected, type LauncherConnection } from './connection.ts'
import type { Session } from './session.ts'
import { startRequest } from './start-request.ts'

/** A job that runs, and what it is yet to be sent. */
export interface StartedJob {
  startId: string
  started: Started
  input: Input
}

/**
 * Starts a job; resolves once its command has been exec'd.
 * @throws {CorralError} when it has not been: nothing is left behind.
 * @throws {InvalidOptionError | JobNameTakenError}
 */
export async function startJob(
  session: Session,
  storage: Storage,
  job: CheckedJob,
  onExit: 'kill' | 'keep',
): Promise<StartedJob> {
  const folder = new JobFolder(storage, job.name)
  refuseStorageRoot(job.isolation.fences, storage.root)
  const files = putFields(workFolder, job.files)
  const shim = job.shim === 'self' ? shimCommand(job.command, job.env) : null
  const asked = { ...describe(job), startId: crypto.randomUUID(), onExit }
  for (let attempt = 1; ; attempt++) {
    const { connection, place, placeJson } = await session.open({ needsCgroups: !job.noLimits })
    const plan = job.noLimits || place.mode === 'none' ? null : planJob(place, job.name, job.checkedLimits)
    const cgroups = plan && { cgroup: plan.cgroup, directories: plan.directories, reads: plan.reads }
    const fences = await planFences(job, storage, folder, place, plan)
    const spec = { ...asked, cgroups, layers: fences.layers }
    let input: Input | undefined
    let started: Started | undefined
    try {
      input = await openInput(storage, job.stdin, job.tty !== null)
      const parts = { spec, placeJson, folder: folder.path, plan, isolation: fences, input: input.fields, files, shim }
      const { fields, bulk } = startRequest(parts)
      const reply = await connection.request('start', fields, { bulk })
      const wasKilled = reply.get('step') === 'init'
      if (wasKilled) started = await survivedItsInit(session, folder, connection, asked.startId)
      started ??= checkReply(reply, job)
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
      started = await findStarted(session, folder, asked.startId)
      if (!started && attempt === 2) throw lost(error)
    } finally {
      if (!started) input?.discard()
    }
    if (started) return { startId: asked.startId, started, input: input! }
  }
}

/** The fields that put up the job's fences here. */
async function planFences(
  { account, isolation, userNamespace, workdirBytes, tty }: CheckedJob,
  storage: Storage,
  folder: JobFolder,
  place: Place | NoPlace,
  plan: CgroupPlan | null,
): Promise<IsolationFields> {
  const { fences } = isolation
  const others = userFields(account, userNamespace)
  const isOther = others.length > 0 || fences.ownUser !== null
  await requireIds(place.ids, isOther)
  const user = fences.isAmbient && !isOther && process.geteuid!() !== 0 ? await ownUserFields() : others
  const network = await planNetwork(fences.network)
  const made = isolationFields(isolation, {
    ...(await hostFacts()),
    storageRoot: storage.root,
    folder: folder.path,
    cgroups: plan && place.mode !== 'none' ? { layout: place.layout, directories: plan.directories } : null,
    hostMounts: fences.root === 'overlay' ? await readMounts() : [],
    canMountSys: process.geteuid!() === 0 || fences.network !== 'host',
    devices: fences.devices.map((path) => ({ path, character: null })),
    workdirBytes,
    resolver: await planResolver(network, folder, fences.root),
    tty: tty !== null,
  })
  return { ...made, fields: [...user, ...made.fields, ...network.fields] }
}

/** What is bound where, for the job's own resolv.conf. */
async function planResolver(
  { resolverFile }: NetworkPlan,
  folder: JobFolder,
  root: Fences['root'],
): Promise<{ source: string; target: string } | null> {
  const target = resolverFile === null ? null : await resolverTarget(typeof root === 'object' ? root.directory : '/')
  return target === null ? null : { source: `${folder.path}/${resolverFile}`, target }
}

/** The start of a job whose init was killed, if it had come to that; else what that could not undo is undone. */
async function survivedItsInit(
  session: Session,
  folder: JobFolder,
  connection: LauncherConnection,
  startId: string,
): Promise<Started | undefined> {
  const started = await findStarted(session, folder, startId)
  if (!started) await undoStart(folder, connection)
  return started
}

/**
 * What a start that was under way when the launcher died has come to, if it had gone through. The next launcher answers
 * only once every start of the last one has come to its end; what then is half made will not be finished. A folder whose
 * spec is not ours is somebody else's job, or is left to `recover`, which asks whose it is.
 */
async function findStarted(session: Session, folder: JobFolder, startId: string): Promise<Started | undefined> {
  await session.recovered()
  if ((await folder.findSpec())?.startId !== startId) return undefined
  const record = await folder.readInit()
  if (record?.started) return record.started
  if (!record) await folder.discard()
  else {
    await settleEnd(folder).catch((error: unknown) => {
      if (!(error instanceof JobNotFoundError)) throw error
    })
  }
  return undefined
}

function describe(job: CheckedJob): Omit<JobSpec, 'startId' | 'onExit' | 'place' | 'cgroups' | 'layers'> {
  const {
    name,
    command,
    env,
    cwd,
    account,
    isolation,
    workdirBytes,
    tty,
    files,
    collect,
    outputMaxBytes,
    labels,
    limits,
    timeoutMs,
    stopSignal,
    stopGraceMs,
    shim,
  } = job
  return {
    version: 1,
    name,
    command,
    env,
    cwd,
    user: account && { uid: account.uid, gid: account.gid, groups: account.groups },
    isolation: isolation.fences,
    workdirBytes,
    tty,
    files: files.map(({ path, mode, data }) => ({ path, mode, bytes: data.byteLength })),
    collect,
    outputMaxBytes,
    labels,
    limits,
    timeoutMs,
    stopSignal,
    stopGraceMs,
    shim,
    createdAt: new Date().toISOString(),
    runner: ownIdentity(),
  }
}

function checkReply(reply: FieldList, { name, cwd }: CheckedJob): Started {
  if (reply.get('type') === 'started') return { pid: reply.number('command')!, at: new Date(reply.number('started')!) }
  const step = reply.get('step') ?? 'start'
  const errno = errnoName(reply.number('errno') ?? 0)
  if (step === 'folder' && errno === 'EEXIST') throw new JobNameTakenError(name)
  const said = reply.get('message') ?? ''
  throw startError(step, reply.get('path') ?? '', errno, step === 'pasta' ? describePasta(said) : said, cwd)
}

function lost(cause: Error): CorralError {
  return new CorralError('LAUNCHER_UNAVAILABLE', 'the launcher died twice while it started the job', { cause })
}
