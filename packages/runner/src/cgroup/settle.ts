import { access, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { errnoOf, errnoText, fileError } from '../errors/errno.ts'
import type { Limits } from '../job/config.ts'
import { mountedReadOnly, notInSight } from './advice.ts'
import { ownCgroup, type PlaceChoice, placeName } from './choose.ts'
import type { Controller, ControllerPlace, Place } from './contract.ts'
import { controllers, directoryOf, findLayout, type Hierarchy, type Layout, readKernelControllers } from './layout.ts'
import { type Membership, readMembership } from './membership.ts'
import { makeFolders } from '../store/make-folders.ts'
import { isOursAlone, leafName, moveProcess, moveToLeaf } from './occupants.ts'
import { handOut } from './subtree.ts'

type Reasons = Partial<Record<Controller, string>>

/**
 * Makes the cgroups in which the jobs of a storage root will have theirs, with the controllers that are to be had.
 * @throws {CorralError} `CGROUP_UNAVAILABLE`
 */
export async function settlePlace(choice: PlaceChoice, storageId: string, launcherPid: number): Promise<Place> {
  const layout = await findLayout()
  const where = await locate(choice, layout, storageId, launcherPid)
  const tracking = join(where.unified, placeName(storageId))
  const missing: Reasons = {}
  const found: Partial<Record<Controller, ControllerPlace>> = {}
  if (choice.mode === 'scope') await leaveScope(where.unified, launcherPid)
  const made = choice.parent === undefined ? [] : await makeParent(layout, where.unified)
  await makeBase(tracking, 'cgroup.max.depth', 'max')
  // What is above a cgroup that was handed over is not ours to change.
  const from = choice.mode === 'parent' || choice.mode === 'root' ? layout.unified.point : where.unified
  for (const name of await handOut(layout.unified, from, tracking, missing))
    found[name] = { version: 2, directory: tracking }
  const bases = [tracking]
  for (const hierarchy of layout.v1) {
    const base = join(where.v1.get(hierarchy)!, placeName(storageId))
    const failure = await makeV1Base(base, hierarchy, choice.parent === undefined ? undefined : made)
    for (const name of hierarchy.controllers) {
      if (failure === undefined) found[name] = { version: 1, directory: base }
      else missing[name] = failure
    }
    if (failure === undefined) bases.push(base)
  }
  const inKernel = await readKernelControllers()
  for (const name of controllers) {
    if (!found[name]) missing[name] ??= notInSight(name, inKernel.has(name), layout.unified.point)
  }
  return {
    mode: choice.mode,
    why: choice.why,
    layout: layout.kind,
    tracking,
    controllers: found,
    missing,
    ...(await findAbilities(found)),
    cleanup: [...bases, ...made],
  }
}

/** The directories, one a hierarchy, in which ours are made. */
interface Where {
  unified: string
  v1: ReadonlyMap<Hierarchy, string>
}

async function locate(
  { mode, parent }: PlaceChoice,
  layout: Layout,
  storageId: string,
  launcherPid: number,
): Promise<Where> {
  const membership = mode === 'scope' ? await readMembership(launcherPid) : undefined
  const v1 = new Map<Hierarchy, string>()
  for (const hierarchy of layout.v1) {
    const named = parent === undefined ? undefined : resolve(hierarchy.point, `.${parent}`)
    v1.set(hierarchy, named ?? directoryIn(hierarchy, membership) ?? hierarchy.point)
  }
  if (parent !== undefined) return { unified: resolve(layout.unified.point, `.${parent}`), v1 }
  if (mode === 'root' && layout.kind === 'unified') return { unified: layout.unified.point, v1 }
  if (mode === 'root') return { unified: layout.unified.own ?? layout.unified.point, v1 }
  const own = membership ? directoryIn(layout.unified, membership) : ownCgroup(layout)
  const unified = own !== undefined && mode === 'scope' && basename(own) === leafName ? dirname(own) : own
  if (mode === 'scope' && !basename(unified ?? '').startsWith(placeName(storageId))) {
    const message = `the launcher of this storage root runs in ${unified ?? 'an unseen cgroup'}, not in a scope of its own: wait 10 s until it has left`
    throw new CorralError('CGROUP_UNAVAILABLE', message)
  }
  return { unified: unified ?? layout.unified.point, v1 }
}

/** The cgroup of a process that is a member of these, or of this process. */
function directoryIn(hierarchy: Hierarchy, membership: Membership | undefined): string | undefined {
  return membership ? directoryOf(hierarchy, membership) : hierarchy.own
}

/** Moves the launcher to a leaf of its scope, in which then no process is: it may hand out controllers. */
async function leaveScope(scope: string, launcherPid: number): Promise<void> {
  const leaf = join(scope, leafName)
  try {
    await makeFolders(leaf, 0o755)
    await moveProcess(launcherPid, leaf)
  } catch (error) {
    throw fileError('CGROUP_UNAVAILABLE', `move the launcher to ${leaf}`, error)
  }
}

/**
 * A parent that was named is made where it is not there; gives what was made. Where it is this process's own, it is left
 * for a leaf.
 */
async function makeParent(layout: Layout, parent: string): Promise<string[]> {
  const made = await makeFolders(parent, 0o755).catch((error: unknown) => {
    throw unavailable(parent, error)
  })
  if (layout.kind === 'unified' && ownCgroup(layout) === parent && (await isOursAlone(parent))) await moveToLeaf(parent)
  return made
}

/** Makes a cgroup and shows by a write that it can be used: permissions alone do not tell, root or not. */
async function makeBase(base: string, file: string, value: string): Promise<void> {
  try {
    await makeFolders(base, 0o755)
    await writeFile(join(base, file), value)
  } catch (error) {
    throw unavailable(base, error)
  }
}

/** Undefined: it can be used; else why not. With `made`, a parent that is not there is made, and noted in it. */
async function makeV1Base(
  base: string,
  { controllers: names }: Hierarchy,
  made?: string[],
): Promise<string | undefined> {
  try {
    const isCpuset = names.includes('cpuset')
    if (made !== undefined) {
      const way = await makeFolders(dirname(base), 0o755)
      made.push(...way)
      if (isCpuset)
        for (const directory of way.length > 0 ? way.toReversed() : [dirname(base)]) await inheritCpuset(directory)
    }
    // With clone_children a cpuset begins with its parent's CPUs and memory nodes, instead of none (cgroup-v1/cpusets.rst).
    await makeBase(base, 'cgroup.clone_children', isCpuset ? '1' : '0')
    if (isCpuset) await inheritCpuset(base)
    return undefined
  } catch (error) {
    return error instanceof CorralError ? error.message : unavailable(base, error).message
  }
}

/** A new cpuset of v1 is empty, and takes neither processes nor children with CPUs. */
async function inheritCpuset(directory: string): Promise<void> {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const file = join(directory, name)
    if ((await readFile(file, 'utf8')).trim() !== '') continue
    await writeFile(file, await readFile(join(dirname(directory), name), 'utf8'))
  }
}

function unavailable(base: string, error: unknown): CorralError {
  const errno = errnoOf(error)
  const help =
    errno === 'EROFS'
      ? `; ${mountedReadOnly}`
      : errno === 'EACCES' || errno === 'EPERM'
        ? '; it was not handed over to this user'
        : ''
  const reason = errno === undefined ? String(error) : `${errnoText(errno)} (${errno})`
  return new CorralError('CGROUP_UNAVAILABLE', `could not use the cgroup ${base}: ${reason}${help}`, {
    path: base,
    cause: error,
    ...(errno !== undefined && { errno }),
  })
}

/** The files that options need, by version of the controller; a kernel may be built without them. */
const filesOf: readonly {
  option: keyof Limits
  controller: Controller
  v1: readonly string[]
  v2: readonly string[]
}[] = [
  { option: 'cpuMax', controller: 'cpu', v1: ['cpu.cfs_quota_us'], v2: ['cpu.max'] },
  { option: 'memoryHigh', controller: 'memory', v1: [], v2: ['memory.high'] },
  { option: 'swapMax', controller: 'memory', v1: ['memory.memsw.limit_in_bytes'], v2: ['memory.swap.max'] },
  { option: 'ioMax', controller: 'io', v1: ['blkio.throttle.read_bps_device'], v2: ['io.max'] },
  {
    option: 'ioWeight',
    controller: 'io',
    v1: ['blkio.bfq.weight', 'blkio.weight'],
    v2: ['io.weight', 'io.bfq.weight'],
  },
]

const reasons: Partial<Record<keyof Limits, Record<1 | 2, string>>> = {
  memoryHigh: { 1: 'cgroup v1 has no such limit; memoryMax is there', 2: 'the kernel is too old' },
  swapMax: { 1: 'the kernel does not count swap (swapaccount=1 on its command line)', 2: 'the kernel has no swap' },
  ioWeight: {
    1: 'no I/O scheduler here has weights: echo bfq > /sys/block/DISK/queue/scheduler',
    2: 'no I/O scheduler here has weights: enable io.cost, or echo bfq > /sys/block/DISK/queue/scheduler',
  },
}

/** Which options cannot be set though their controller is there, judged by the files of the cgroups that were made. */
async function findAbilities(found: Place['controllers']): Promise<Pick<Place, 'inexpressible' | 'ioWeightFile'>> {
  const inexpressible: Place['inexpressible'] = {}
  let ioWeightFile: string | undefined
  for (const { option, controller, ...files } of filesOf) {
    const place = found[controller]
    if (!place) continue
    const present = await firstPresent(place.directory, place.version === 1 ? files.v1 : files.v2)
    if (option === 'ioWeight') ioWeightFile = present
    if (present === undefined)
      inexpressible[option] = reasons[option]?.[place.version] ?? 'this kernel was built without it'
  }
  return { inexpressible, ...(ioWeightFile !== undefined && { ioWeightFile }) }
}

async function firstPresent(directory: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const there = await access(join(directory, name)).then(
      () => true,
      () => false,
    )
    if (there) return name
  }
  return undefined
}
