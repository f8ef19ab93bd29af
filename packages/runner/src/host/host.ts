import { stat } from 'node:fs/promises'
import { release } from 'node:os'

import type { Controller, Place } from '../cgroup/contract.ts'
import { clearTop, controllers, findLayout, type Layout } from '../cgroup/index.ts'
import { CorralError } from '../errors/corral-error.ts'
import type { Limits } from '../job/config.ts'
import { openLauncher } from '../launch/launcher.ts'
import { checkLauncher, launcherPath } from '../launch/native.ts'
import { CgroupRunner } from '../runner.ts'
import type { RunnerConfig } from '../runner-config.ts'
import { defaultStorageRoot, Storage } from '../store/storage.ts'
import type { DoctorLine } from './doctor-line.ts'
import { explainFences } from './fences.ts'
import { explainLinger } from './linger.ts'
import { explainNamespaces } from './namespaces.ts'
import { tryJob } from './try-job.ts'
import { explainIds } from './subordinate-ids.ts'

/** Where the jobs that are asked about would be. */
type Where = Pick<RunnerConfig, 'storageRoot' | 'cgroupParent'>

/** `cgroup.kill` came with it (cgroups(7)). */
const oldestKernel = [5, 14] as const

/** Tries what jobs need of this host, by doing it: down to a job that is really run. */
export async function explainHost(where: Where = {}): Promise<DoctorLine[]> {
  const lines = [
    explainKernel(),
    await explainNamespaces(),
    ...(await explainIds()),
    await attempt('launcher', explainLauncher),
  ]
  const storage = await attempt('storage root', () => explainStorage(where))
  const layout = await attempt('cgroups', async () => describeLayout(await findLayout()))
  lines.push(storage, layout)
  if (lines.some(({ ok }) => ok === false)) return lines
  const { lines: more, place } = await explainPlace(where)
  lines.push(...more)
  if (!place) return lines
  const job = await attempt('a job', () => runJob(where, place))
  return job.ok === false ? [...lines, job] : [...lines, job, ...(await explainFences(where))]
}

/**
 * Does what can be done about a lack: in a container, moves the processes at the top of its cgroups to a leaf. Gives
 * the leaf, or undefined when there was nothing to do.
 * @throws {CorralError} `CGROUP_UNAVAILABLE`
 */
export async function fixHost(): Promise<string | undefined> {
  return clearTop()
}

/** A line, or the one that says why there is none. */
async function attempt(what: string, explain: () => Promise<Omit<DoctorLine, 'what'>>): Promise<DoctorLine> {
  try {
    return { what, ...(await explain()) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ok: false, what, detail: error.message }
  }
}

function explainKernel(): DoctorLine {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const detail = `Linux ${release()}, ${process.arch}`
  const ok = major > oldestKernel[0] || (major === oldestKernel[0] && minor >= oldestKernel[1])
  return { ok, what: 'kernel', detail, ...(!ok && { fix: `Linux ${oldestKernel.join('.')} or later` }) }
}

async function explainLauncher(): Promise<Omit<DoctorLine, 'what'>> {
  await checkLauncher()
  const { size } = await stat(launcherPath())
  return { ok: true, detail: `${launcherPath()}, ${Math.ceil(size / 1024)} KiB` }
}

async function explainStorage({ storageRoot = defaultStorageRoot() }: Where): Promise<Omit<DoctorLine, 'what'>> {
  const storage = await Storage.open(storageRoot)
  await storage.close()
  return { ok: true, detail: storage.root }
}

function describeLayout({ kind, unified, v1 }: Layout): Omit<DoctorLine, 'what'> {
  const parts = [`cgroup v2 at ${unified.point}`]
  if (v1.length > 0) parts.push(`v1 for ${v1.flatMap((each) => each.controllers).join(', ')}`)
  return { ok: true, detail: `${kind}: ${parts.join('; ')}` }
}

/** Where jobs live, and the controllers there: cgroups were made in it. Without a place, none can be had. */
async function explainPlace({
  storageRoot = defaultStorageRoot(),
  cgroupParent,
}: Where): Promise<{ lines: DoctorLine[]; place?: Place }> {
  const what = 'jobs live in'
  const storage = await Storage.open(storageRoot)
  try {
    const { connection, place } = await openLauncher(storage, { cgroupParent, needsCgroups: true }, () => {})
    await connection.close()
    if (place.mode === 'none') throw new CorralError('CGROUP_UNAVAILABLE', place.why)
    const lines = [{ ok: true, what, detail: `${place.tracking}: ${place.why}` }, ...(await explainLinger(place))]
    return { place, lines: [...lines, ...explainControllers(place)] }
  } catch (error) {
    if (!(error instanceof CorralError)) throw error
    return { lines: [{ ok: false, what, detail: error.message }] }
  } finally {
    await storage.close()
  }
}

function explainControllers({ controllers: found, missing, inexpressible }: Place): DoctorLine[] {
  const lines = controllers.map((name): DoctorLine => {
    const there = found[name]
    const what = `${name} limits`
    if (!there) return { ok: 'warn', what, detail: missing[name] ?? 'not available' }
    const detail = `cgroup v${there.version}, ${there.directory}`
    if (name !== 'io' || there.version === 2) return { ok: true, what, detail }
    // Documentation/admin-guide/cgroup-v1/blkio-controller.rst: writeback is not charged to who has written.
    return { ok: 'warn', what, detail: `${detail}; for reads and direct writes, not for buffered ones` }
  })
  return [
    ...lines,
    ...Object.entries(inexpressible).map(([what, detail]): DoctorLine => ({ ok: 'warn', what, detail })),
  ]
}

/** Limits that ask for little and keep nothing from `true`: whether the kernel takes them is what is to be seen. */
const modestLimits = {
  cpu: { cpuMax: '100000 100000' },
  memory: { memoryMax: '64M' },
  pids: { pidsMax: 16 },
} as const satisfies Partial<Record<Controller, Limits>>

/** Runs a job with limits. */
async function runJob(where: Where, { controllers: found, inexpressible }: Place): Promise<Omit<DoctorLine, 'what'>> {
  const limits: Limits = {
    ...(found.cpu && inexpressible.cpuMax === undefined && modestLimits.cpu),
    ...(found.memory && modestLimits.memory),
    ...(found.pids && modestLimits.pids),
  }
  await using runner = await CgroupRunner.open(where)
  const { exitStatus, state } = await tryJob(runner, limits)
  const given = Object.keys(limits).join(', ') || 'no limits'
  return {
    ok: exitStatus === 0,
    detail: exitStatus === 0 ? `was started with ${given}, ran and ended` : `ended as ${state} ${exitStatus}`,
  }
}
