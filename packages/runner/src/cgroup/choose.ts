import { access, constants } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import type { PlaceMode } from './contract.ts'
import { findLayout, type Layout } from './layout.ts'
import { isOursAlone, leafName, moveToLeaf, readProcesses } from './occupants.ts'
import { busEnvironment, hasOwnSystemd, isDelegatedUnit, isSystemdHost, scopePrefix } from './systemd.ts'

/** How it was decided where jobs live; `settlePlace` makes it so. */
export interface PlaceChoice {
  mode: PlaceMode
  /** One sentence: why this mode. */
  why: string
  /** The `cgroupParent` that was asked for. */
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
export async function choosePlace({ storageId, cgroupParent }: PlaceWish): Promise<PlaceChoice> {
  const here = { launchPrefix: [], launchEnvironment: {} }
  const layout = await findLayout()
  if (cgroupParent !== undefined) {
    const parent = withoutMount(layout, cgroupParent)
    return { ...here, mode: 'parent', why: `the parent ${parent} was named`, parent }
  }
  const isSystemd = await isSystemdHost()
  const own = ownCgroup(layout)
  if (own !== undefined && (await isHandedOver(layout, own, isSystemd))) {
    if (layout.kind === 'unified') await moveToLeaf(own)
    return { ...here, mode: 'delegated', why: `this process's own cgroup, ${own}, was handed over to it alone` }
  }
  if (isSystemd && (await hasOwnSystemd())) {
    const launchPrefix = scopePrefix(`${placeName(storageId)}-${Date.now().toString(36)}.scope`)
    const whose = process.geteuid!() === 0 ? 'systemd runs this host' : 'this user has a systemd'
    return { mode: 'scope', why: `${whose} and gives a scope`, launchPrefix, launchEnvironment: busEnvironment() }
  }
  if (process.geteuid!() !== 0) throw new CorralError('CGROUP_UNAVAILABLE', isSystemd ? noUserSystemd : notHandedOver)
  if (layout.kind === 'hybrid') return { ...here, mode: 'root', why: 'root, without systemd: below its own cgroups' }
  await refuseOccupiedRoot(layout)
  return { ...here, mode: 'root', why: 'root, without systemd: at the top of the hierarchy' }
}

const notHandedOver =
  'jobs need a cgroup that this user may divide, and its own was not handed over to it. Either run this as root, or have ' +
  'root hand one over and start this in it: mkdir /sys/fs/cgroup/NAME && chown -R USER /sys/fs/cgroup/NAME && ' +
  'echo PID > /sys/fs/cgroup/NAME/cgroup.procs'

const noUserSystemd =
  "jobs need a cgroup that this user may divide. systemd would give one, but this user's own systemd does not run: log in " +
  'afresh (not by su), or have root call loginctl enable-linger USER'

/** This process's cgroup v2, or the one that it has left for a leaf. */
export function ownCgroup({ unified }: Layout): string | undefined {
  const { own, point } = unified
  return own !== undefined && own !== point && basename(own) === leafName ? dirname(own) : own
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

async function refuseOccupiedRoot({ unified: { point } }: Layout): Promise<void> {
  if (await isRealRoot(point)) return
  const { length } = await readProcesses(point)
  if (length === 0) return
  const message =
    `the top of the cgroups that are seen here, ${point}, holds ${length} processes, not all of them this one's, and ` +
    'cgroup v2 lets no such cgroup hand out controllers: corral doctor --fix moves them to a leaf'
  throw new CorralError('CGROUP_UNAVAILABLE', message, { path: point })
}

/**
 * Moves the processes at the top of the cgroups that are seen here, a container's, to a leaf, and gives it.
 * Undefined: there was nothing to do.
 * @throws {CorralError} `CGROUP_UNAVAILABLE`
 */
export async function clearTop(): Promise<string | undefined> {
  const { kind, unified } = await findLayout()
  if (kind === 'hybrid' || (await isRealRoot(unified.point)) || (await readProcesses(unified.point)).length === 0) return undefined
  await moveToLeaf(unified.point)
  return join(unified.point, leafName)
}

/** A cgroup as /proc/PID/cgroup has it, also of one that was given by its directory. */
function withoutMount({ unified, v1 }: Layout, path: string): string {
  const full = path.replace(/\/+$/, '')
  for (const { point } of [unified, ...v1]) {
    if (full === point || full.startsWith(`${point}/`)) return full.slice(point.length) || '/'
  }
  return full || '/'
}
