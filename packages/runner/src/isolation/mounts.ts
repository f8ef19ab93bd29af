import type { Field } from '../store/record.ts'
import type { CgroupView } from './cgroup-mounts.ts'
import { type DeviceNode, deviceMounts } from './device-mounts.ts'
import type { CheckedMount, Fences } from './fences.ts'
import { hideHost, hideStorage } from './hidden-mounts.ts'
import { mount, type MountParameters } from './mount-fields.ts'
import { overlayMount } from './overlay-mount.ts'
import { type HostMount, rootMounts } from './root-mounts.ts'

/** What there is to know of the host and the job, beside its fences, to say what is mounted. */
export interface MountContext {
  storageRoot: string
  /** The job's folder, where an overlay keeps what is written. */
  folder: string
  /** Null: it has none. */
  cgroups: CgroupView | null
  /** The host's mounts, for an overlay, which is made for each file system. */
  hostMounts: readonly HostMount[]
  /** Device nodes can be made; else the host's are bound. */
  canMakeNodes: boolean
  /** A /sys of the job's own network can be mounted; else the host's is bound. */
  canMountSys: boolean
  /** The nodes of `fences.devices`. */
  devices: readonly DeviceNode[]
  /** Bytes of the folder `/tmp/work`, null: none. */
  workdirBytes: number | null
  /** What is bound over the file behind /etc/resolv.conf; null: nothing. */
  resolver: { source: string; target: string } | null
  tty: boolean
}

/** The sizes of what every job has for itself, in bytes; a mount of the caller's at the same place takes its stead. */
const privateFolders = [
  { target: '/tmp', size: 1024 ** 3, mode: 0o1777 },
  { target: '/run', size: 64 * 1024 ** 2, mode: 0o755 },
] as const

/** The folder that `workdir` gives a job. */
export const workFolder = '/tmp/work'

/** What of /proc and /sys tells of the host, or lets change it: hidden, or read-only. As Docker has it. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/kpagecgroup',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]
const readOnlyPaths = ['/proc/1', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/**
 * The mount operations of a job, in order: the flat list that the launcher works off (launcher/mounts.c). Between the two
 * parts come the job's cgroups, of all mounts the only ones that alike jobs do not share.
 */
export function mountFields(fences: Fences, context: MountContext): [before: Field[], after: Field[]] {
  const before = [
    ...rootMounts(fences, context),
    ...(fences.profile === 'none' ? [] : hideHost(fences, context.storageRoot)),
    ...mount('fs', {
      type: 'proc',
      target: '/proc',
      flags: ['nosuid', 'nodev', 'noexec'],
      ahead: true,
      ...canMake(fences, '/proc'),
    }),
    ...(fences.profile === 'none' ? [] : sysMount(fences, context)),
  ]
  return [before, mountsAfterCgroups(fences, context)]
}

function mountsAfterCgroups(fences: Fences, context: MountContext): Field[] {
  const isBare = fences.profile === 'none'
  return [
    ...(isBare ? bareMounts(fences, context) : privateMounts(fences, context)),
    ...resolverMount(fences, context),
    ...fences.mounts.flatMap((each, index) => callersMount(each, index, fences, context)),
    ...[...(isBare ? [] : readOnlyPaths), ...fences.readOnlyPaths].flatMap((target) => mount('read-only', { target })),
    ...[...(isBare ? [] : maskedPaths), ...fences.maskedPaths].flatMap((target) => mount('mask', { target })),
    ...(isBare ? [] : hideStorage(fences, context)),
    ...(isBare ? [] : mount('attributes', { target: '/dev', flags: ['ro'] })),
    ['mounts-end', 1],
  ]
}

/** In `none`, the host's devices and kernel are there whatever the root; a terminal is the job's own in each profile. */
function bareMounts(fences: Fences, { tty }: MountContext): Field[] {
  const hasNone = fences.root === 'overlay' || typeof fences.root === 'object'
  const views = (hasNone ? ['/sys', '/dev'] : []).flatMap((path) =>
    mount('bind', { source: path, target: path, flags: ['recursive'], ...canMake(fences, path) }),
  )
  const terminal = { type: 'devpts', target: '/dev/pts', options: ['mode=0620', 'ptmxmode=0666'] }
  return [...views, ...(tty ? mount('fs', terminal) : [])]
}

/** What each job has for itself in `standard` and `strict`. */
function privateMounts(fences: Fences, context: MountContext): Field[] {
  const taken = new Set(fences.mounts.map(({ target }) => target))
  const noexec = fences.execWritable ? [] : (['noexec'] as const)
  const flags = ['nosuid', 'nodev', ...noexec] as const
  return [
    ...deviceMounts(fences, context, flags),
    ...privateFolders
      .filter(({ target }) => !taken.has(target))
      .flatMap(({ target, size, mode }) =>
        tmpfs(target, size, mode, flags, { ahead: true, ...canMake(fences, target) }),
      ),
    ...(taken.has('/run') ? [] : mount('mkdir', { target: '/run/lock', mode: 0o1777, ahead: true })),
    ...(context.workdirBytes === null
      ? []
      : tmpfs(workFolder, context.workdirBytes, 0o700, flags, { isOwn: true, make: true })),
  ]
}

/** The job's own resolv.conf. */
function resolverMount(fences: Fences, { resolver }: MountContext): Field[] {
  if (!resolver) return []
  const flags = ['ro', 'nosuid', 'nodev', 'noexec'] as const
  return mount('bind', { ...resolver, flags, ...canMake(fences, resolver.target) })
}

/** It is that of a network namespace: of which, is clear ahead of time where init makes one of its own. */
function sysMount({ network }: Fences, { canMountSys }: MountContext): Field[] {
  const flags = ['ro', 'nosuid', 'nodev', 'noexec'] as const
  return canMountSys
    ? mount('fs', { type: 'sysfs', target: '/sys', flags, ahead: network === 'none' })
    : mount('bind', { source: '/sys', target: '/sys', flags: [...flags, 'recursive'] })
}

/** A file system in memory, with an end to its bytes and its files: a page each, and a folder's worth in any case. */
function tmpfs(
  target: string,
  size: number,
  mode: number,
  flags: readonly string[],
  rest: Partial<MountParameters>,
): Field[] {
  const inodes = Math.max(1024, Math.ceil(size / 4096))
  const options = [`size=${size}`, `nr_inodes=${inodes}`, `mode=${mode.toString(8)}`]
  return mount('fs', { type: 'tmpfs', target, options, flags, ...rest })
}

function callersMount(each: CheckedMount, index: number, fences: Fences, { folder }: MountContext): Field[] {
  const { type, source, target, size, mode } = each
  const isWritable = type !== 'bind-ro'
  const flags = isWritable && !fences.execWritable ? [...new Set([...each.flags, 'noexec'])] : each.flags
  const make = canMake(fences, target)
  switch (type) {
    case 'tmpfs':
      return tmpfs(target, size!, mode!, flags, make)
    case 'overlay':
      return overlayMount(source!, target, `${folder}/changes/mount-${index}`, flags, make)
    case 'bind':
      return mount('bind', { source: source!, target, flags: [...flags, 'recursive'], ...make })
    case 'bind-ro':
      return mount('bind', { source: source!, target, flags: [...flags, 'ro', 'recursive'], ...make })
  }
}

/**
 * Whether a target may be made where there is none: not in the host's own file systems, where it would stay, but in what
 * goes with the job, and in a root that was made for jobs.
 */
function canMake({ profile, root, mounts }: Fences, target: string): { make: boolean } {
  if (root === 'overlay' || (typeof root === 'object' && root.access !== 'read-only')) return { make: true }
  const own = profile === 'none' ? [] : ['/tmp', '/run', '/dev']
  const made = mounts.filter(({ type }) => type === 'tmpfs' || type === 'overlay').map((each) => each.target)
  return { make: [...own, ...made].some((path) => target.startsWith(`${path}/`)) }
}
