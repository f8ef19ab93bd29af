import { readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { formatDevice } from '../job/limits-device.ts'
import type { Controller } from './contract.ts'
import { type Membership, readMembership } from './membership.ts'
import { type Mount, readMounts } from './mountinfo.ts'

/** What statfs(2) says of a cgroup file system (linux/magic.h). */
const magicOf = { cgroup: 0x27e0eb, cgroup2: 0x63677270 } as const

/** The v1 names of our controllers. */
const v1Names: Readonly<Record<string, Controller>> = {
  cpu: 'cpu',
  cpuset: 'cpuset',
  blkio: 'io',
  memory: 'memory',
  pids: 'pids',
}

export const controllers = ['cpu', 'cpuset', 'io', 'memory', 'pids'] as const satisfies readonly Controller[]

/** A mounted cgroup hierarchy. */
export interface Hierarchy {
  version: 1 | 2
  /** Where it is mounted. */
  point: string
  /** The cgroup that is mounted there, as seen from this process's cgroup namespace. */
  root: string
  readOnly: boolean
  /** Those of our controllers that it has; v1 may have several mounted together. */
  controllers: readonly Controller[]
  /** The directory of this process's own cgroup, when it is visible below the mount. */
  own?: string
}

/** The cgroup hierarchies of this host. `hybrid`: at least one of our controllers is in v1. */
export interface Layout {
  kind: 'unified' | 'hybrid'
  unified: Hierarchy
  v1: readonly Hierarchy[]
}

/**
 * Finds where each controller is, by what is mounted and what statfs says of it, never by a path's name.
 * @throws {CorralError} `CGROUP_UNAVAILABLE` when no cgroup v2 is mounted.
 */
export async function findLayout(): Promise<Layout> {
  const [mounts, membership] = await Promise.all([readMounts(), readMembership('self')])
  // Of several mounts on one directory, the last hides the others.
  const uppermost = [...new Map(mounts.map((mount) => [mount.point, mount])).values()]
  const visible = await Promise.all(uppermost.map(isVisible))
  const found = uppermost.filter((_, index) => visible[index])
  const v1: Hierarchy[] = []
  for (const mount of found.filter(({ type }) => type === 'cgroup')) {
    const names = mount.superOptions.flatMap((option) => (Object.hasOwn(v1Names, option) ? [v1Names[option]!] : []))
    const hierarchy = describe(mount, names, membership)
    if (names.length > 0) keepBetter(v1, hierarchy)
  }
  const unified: Hierarchy[] = []
  for (const mount of found.filter(({ type }) => type === 'cgroup2')) {
    const names = await v2Controllers(mount.point)
    keepBetter(unified, describe(mount, names, membership))
  }
  if (!unified[0]) throw new CorralError('CGROUP_UNAVAILABLE', noUnified)
  return { kind: v1.length > 0 ? 'hybrid' : 'unified', unified: unified[0], v1 }
}

const noUnified =
  'no cgroup v2 is mounted, which jobs are tracked and killed in: mount -t cgroup2 none /sys/fs/cgroup, ' +
  'or, beside v1 hierarchies, on a directory of its own such as /sys/fs/cgroup/unified'

/** The directory of a cgroup, given as /proc/PID/cgroup has it; undefined when it is not below the mount. */
export function directoryOf(hierarchy: Hierarchy, membership: Membership): string | undefined {
  const path = pathIn(hierarchy, membership)
  if (path === undefined) return undefined
  const { root, point } = hierarchy
  const below =
    root === '/' ? path : path === root ? '/' : path.startsWith(`${root}/`) ? path.slice(root.length) : undefined
  // Seen from a cgroup namespace, what is outside of it begins with `/..`, whose name is not known.
  if (below === undefined || below.startsWith('/..')) return undefined
  return below === '/' ? point : join(point, below)
}

function pathIn({ version, controllers: [first] }: Hierarchy, membership: Membership): string | undefined {
  if (version === 2) return membership.get('')
  for (const [key, path] of membership) {
    if (key.split(',').some((name) => Object.hasOwn(v1Names, name) && v1Names[name] === first)) return path
  }
  return undefined
}

function describe(mount: Mount, names: readonly Controller[], membership: Membership): Hierarchy {
  const { point, root, readOnly, type } = mount
  const hierarchy: Hierarchy = { version: type === 'cgroup' ? 1 : 2, point, root, readOnly, controllers: names }
  const own = directoryOf(hierarchy, membership)
  return own === undefined ? hierarchy : { ...hierarchy, own }
}

/** Of several mounts of one hierarchy, the one where our own cgroup is seen and may be written. */
function keepBetter(list: Hierarchy[], found: Hierarchy): void {
  const rank = ({ own, readOnly }: Hierarchy): number => (own === undefined ? 0 : 2) + (readOnly ? 0 : 1)
  const index = list.findIndex((each) => each.version === 2 || each.controllers[0] === found.controllers[0])
  if (index === -1) list.push(found)
  else if (rank(found) > rank(list[index]!)) list[index] = found
}

/** Whether a mount is a cgroup file system, and not hidden by another one above it. */
async function isVisible({ type, point, device }: Mount): Promise<boolean> {
  if (type !== 'cgroup' && type !== 'cgroup2') return false
  try {
    const [status, { dev }] = await Promise.all([statfs(point), stat(point)])
    return status.type === magicOf[type] && formatDevice(dev) === device
  } catch {
    return false
  }
}

async function v2Controllers(directory: string): Promise<Controller[]> {
  const names = (await readFile(join(directory, 'cgroup.controllers'), 'utf8').catch(() => '')).trim().split(' ')
  return controllers.filter((name) => names.includes(name))
}

/** Those of our controllers that this kernel has and that are not switched off (cgroups(7), /proc/cgroups). */
export async function readKernelControllers(): Promise<ReadonlySet<Controller>> {
  const text = await readFile('/proc/cgroups', 'utf8').catch(() => '')
  const rows = text.split('\n').map((line) => line.split('\t'))
  return new Set(
    rows.flatMap(([name = '', , , enabled]) =>
      enabled === '1' && Object.hasOwn(v1Names, name) ? [v1Names[name]!] : [],
    ),
  )
}
