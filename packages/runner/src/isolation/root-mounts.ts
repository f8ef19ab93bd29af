import type { Field } from '../store/record.ts'
import type { Fences } from './fences.ts'
import { mount } from './mount-fields.ts'
import { overlayMount } from './overlay-mount.ts'
import { isWithin } from './paths.ts'

/** A mount of the host's, as far as an overlay needs to know of it. */
export interface HostMount {
  /** `MAJ:MIN`. */
  device: string
  /** The folder of the file system that is mounted. */
  root: string
  point: string
  type: string
}

/** File systems that hold files, and not a view of the kernel. */
const fileSystems = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'zfs',
  'bcachefs',
  'overlay',
  'tmpfs',
  'fuse.fuse-overlayfs',
])

/** Below these a job sees none of the host's file systems, or, in the profile `none`, the host's as they are. */
const own = ['/proc', '/sys', '/dev', '/run', '/tmp']
const ownInNone = ['/proc', '/sys', '/dev']

/** What the job's root is. */
export function rootMounts(
  { root, profile }: Fences,
  { folder, hostMounts }: { folder: string; hostMounts: readonly HostMount[] },
): Field[] {
  if (typeof root === 'object') {
    const { directory, access } = root
    if (access === 'overlay') return overlayMount(directory, '/', layer(folder, 0), ['nodev'])
    const flags = ['nodev', 'recursive', ...(access === 'read-only' ? ['ro'] : [])]
    return mount('bind', { source: directory, target: '/', flags })
  }
  if (root === 'overlay') return overlays(hostMounts, folder, profile === 'none' ? ownInNone : own)
  if (profile === 'none' && root === 'host') return []
  const noDevices = profile === 'none' ? [] : ['nodev']
  const flags = ['recursive', ...noDevices, ...(root === 'read-only' ? ['ro'] : [])]
  return mount('attributes', { target: '/', flags })
}

/** An overlay sees one file system only: each that the host has gets one, in the order in which they were mounted. */
function overlays(hostMounts: readonly HostMount[], folder: string, except: readonly string[]): Field[] {
  const shown = hostMounts.filter(
    ({ point, type }) => point !== '/' && fileSystems.has(type) && !except.some((path) => isWithin(point, path)),
  )
  return ['/', ...shown.map(({ point }) => point)].flatMap((point, index) =>
    overlayMount(point, point, layer(folder, index), ['nodev']),
  )
}

/** The folder of a layer, with `upper` and `work` in it. */
function layer(folder: string, index: number): string {
  return `${folder}/changes/${index}`
}
