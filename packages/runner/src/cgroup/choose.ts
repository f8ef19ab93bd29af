import { access, constants } from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { mountedReadOnly, notHandedOver, noUserSystemd, topOccupied } from './advice.ts'
import type { PlaceMode } from './contract.ts'
import { findLayout, type Layout } from './layout.ts'
import { isOursAlone, leafName, moveToLeaf, readProcesses } from './occupants.ts'
import { busEnvironment, hasOwnSystemd, isDelegatedUnit, isInUnit, isSystemdHost, scopePrefix } from './systemd.ts'

/** How it was decided where jobs live; `settlePlace` makes it so. */
export interface PlaceChoice {
  mode: PlaceMode
  /** One sentence: why this mode. */
  why: string
  /** The `cgroupParent` that was asked for, below the points where the hierarchies are mounted: `/`, `/build/jobs`. */
  parent?: string
  /** What goes before the launcher's command line, and into its environment. */
  launchPrefix: readonly string[]
  launchEnvironment: Readonly<Record<string, string>>
}

/** What is asked for. */
export interface PlaceWish {
  /** Short name of the storage root. */
  storageId: string
  cgroupParent?: string
  /** Not this process's own cgroup, where systemd gives a scope. */
  ownScope?: boolean
}

/** The name that the cgroups and scopes of a storage root begin with. */
export function placeName(storageId: string): string {
  return `corral-${storageId}`
}

/**
 * Decides where the jobs of a storage root live; the first that applies: the parent that was named; this process's own
 * cgroup, where it was handed over to it alone; a scope of systemd's; for root, the top of what it sees.
 * @throws {CorralError} `CGROUP_UNAVAILABLE` when nothing applies, with what would help.
 */
export async function choosePlace({ storageId, cgroupParent, ownScope = false }: PlaceWish): Promise<PlaceChoice> {
  const here = { launchPrefix: [], launchEnvironment: {} }
  const layout = await findLayout()
  const isSystemd = await isSystemdHost()
  const canScope = isSystemd && (await hasOwnSystemd())
  if (cgroupParent !== undefined) {
    const parent = belowMounts(layout, cgroupParent)
    // The launcher and the jobs' inits are not to end with a session, nor to be where no process may leave (a user's).
    const scope = canScope ? await newScope(storageId) : here
    return { ...scope, mode: 'parent', why: `the parent ${parent} was named`, parent }
  }
  const own = ownScope && canScope ? undefined : ownCgroup(layout)
  if (own !== undefined && (await isHandedOver(layout, own, isSystemd))) {
    if (layout.kind === 'unified') await moveToLeaf(own)
    return { ...here, mode: 'delegated', why: `this process's own cgroup, ${own}, was handed over to it alone` }
  }
  if (canScope) {
    const whose = process.geteuid!() === 0 ? 'systemd runs this host' : 'this user has a systemd'
    return { ...(await newScope(storageId)), mode: 'scope', why: `${whose} and gives a scope` }
  }
  if (process.geteuid!() !== 0) {
    throw new CorralError('CGROUP_UNAVAILABLE', isSystemd ? noUserSystemd() : notHandedOver(layout))
  }
  if (layout.kind === 'hybrid') return { ...here, mode: 'root', why: 'root, without systemd: below its own cgroups' }
  await checkTop(layout)
  return { ...here, mode: 'root', why: 'root, without systemd: at the top of the hierarchy' }
}

/** Has the launcher started in a scope of its own. */
async function newScope(storageId: string): Promise<Pick<PlaceChoice, 'launchPrefix' | 'launchEnvironment'>> {
  const unit = `${placeName(storageId)}-${crypto.randomUUID().slice(0, 8)}.scope`
  return { launchPrefix: scopePrefix(unit), launchEnvironment: await busEnvironment() }
}

/** This process's cgroup v2, or the one that it has left for a leaf: by us, or by systemd (`DelegateSubgroup=`). */
export function ownCgroup({ unified }: Layout): string | undefined {
  const { own, point } = unified
  if (own === undefined || own === point) return own
  return basename(own) === leafName || isInUnit(own) ? dirname(own) : own
}

/** Whether a cgroup may be divided by this process: it was delegated, and nobody else is in it. */
async function isHandedOver(layout: Layout, own: string, isSystemd: boolean): Promise<boolean> {
  if (!(await isWritable(own))) return false
  if (isSystemd) return (await isDelegatedUnit(own)) && isOursAlone(own)
  // Root may write everywhere: only the top of a cgroup namespace, a container's, is certainly its own.
  if (process.geteuid!() !== 0) return isOursAlone(own)
  return layout.kind === 'unified' && own === layout.unified.point && !(await isRealRoot(own)) && isOursAlone(own)
}

async function isWritable(directory: string): Promise<boolean> {
  const paths = [directory, join(directory, 'cgroup.procs'), join(directory, 'cgroup.subtree_control')]
  const checks = await Promise.allSettled(paths.map((path) => access(path, constants.W_OK)))
  return checks.every(({ status }) => status === 'fulfilled')
}

/** The kernel's own root cgroup may hold processes and hand out controllers at once; it alone has no `cgroup.type`. */
async function isRealRoot(directory: string): Promise<boolean> {
  return access(join(directory, 'cgroup.type')).then(
    () => false,
    () => true,
  )
}

/** Refuses a container's top that is not to be written, or that others are in. */
async function checkTop({ unified: { point } }: Layout): Promise<void> {
  if (await isRealRoot(point)) return
  const { length } = await readProcesses(point)
  const isReadOnly = !(await isWritable(point))
  if (!isReadOnly && length === 0) return
  const message = isReadOnly ? `could not use the cgroup ${point}: ${mountedReadOnly}` : topOccupied(point, length)
  throw new CorralError('CGROUP_UNAVAILABLE', message, { path: point })
}

/**
 * Moves the processes at the top of the cgroups that are seen here, a container's, to a leaf, and gives it.
 * Undefined: there was nothing to do.
 * @throws {CorralError} `CGROUP_UNAVAILABLE`
 */
export async function clearTop(): Promise<string | undefined> {
  const { kind, unified } = await findLayout()
  if (kind === 'hybrid' || (await isRealRoot(unified.point)) || (await readProcesses(unified.point)).length === 0)
    return undefined
  await moveToLeaf(unified.point)
  return join(unified.point, leafName)
}

/**
 * A named cgroup, as a path below the points where the hierarchies are mounted; given as such a point and what follows,
 * or as /proc/PID/cgroup has it.
 * @throws {CorralError} when it is not below what is mounted.
 */
function belowMounts({ unified, v1 }: Layout, named: string): string {
  const full = normalize(`${named}/`).slice(0, -1)
  for (const { point } of [unified, ...v1]) {
    if (full === point || full.startsWith(`${point}/`)) return full.slice(point.length) || '/'
  }
  const { root } = unified
  if (root === '/') return full || '/'
  if (full === root || full.startsWith(`${root}/`)) return full.slice(root.length) || '/'
  const message = `the cgroup ${named} is not seen here: only ${root} and what is below it is mounted, at ${unified.point}`
  throw new CorralError('CGROUP_UNAVAILABLE', message, { path: named })
}
