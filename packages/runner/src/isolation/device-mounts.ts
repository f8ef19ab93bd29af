import type { Field } from '../store/record.ts'
import type { Fences } from './fences.ts'
import { mount } from './mount-fields.ts'

/** A device node of the host's. */
export interface DeviceNode {
  path: string
  /** Null: a block device, which is bound and never made. */
  character: { major: number; minor: number } | null
}

/** What every job has (Documentation/admin-guide/devices.txt). */
const nodes: readonly DeviceNode[] = [
  { path: '/dev/null', character: { major: 1, minor: 3 } },
  { path: '/dev/zero', character: { major: 1, minor: 5 } },
  { path: '/dev/full', character: { major: 1, minor: 7 } },
  { path: '/dev/random', character: { major: 1, minor: 8 } },
  { path: '/dev/urandom', character: { major: 1, minor: 9 } },
  { path: '/dev/tty', character: { major: 5, minor: 0 } },
]

const links = [
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
] as const

const shmBytes = 64 * 1024 * 1024

/** A /dev of the job's own; it becomes read-only when all is in it. */
export function deviceMounts(
  fences: Fences,
  { canMakeNodes, devices }: { canMakeNodes: boolean; devices: readonly DeviceNode[] },
  flags: readonly string[],
): Field[] {
  const hasShm = fences.mounts.some(({ target }) => target === '/dev/shm')
  const shm = {
    type: 'tmpfs',
    target: '/dev/shm',
    options: [`size=${shmBytes}`, 'nr_inodes=16384', 'mode=1777'],
    flags,
    make: true,
    ahead: true,
  }
  return [
    ...mount('fs', {
      type: 'tmpfs',
      target: '/dev',
      options: ['size=64k', 'mode=755'],
      flags: ['nosuid', 'noexec'],
      ahead: true,
    }),
    ...nodes.flatMap((node) => deviceNode(node, canMakeNodes)),
    ...devices.flatMap((node) => deviceNode(node, false)),
    ...links.flatMap(([target, source]) => mount('symlink', { target, source, ahead: true })),
    ...mount('fs', {
      type: 'devpts',
      target: '/dev/pts',
      options: ['mode=0620', 'ptmxmode=0666'],
      flags: ['nosuid', 'noexec'],
      make: true,
      ahead: true,
    }),
    ...(hasShm ? [] : mount('fs', shm)),
  ]
}

/** Making a node is the cheaper way; who may not binds the host's, whose owner and permissions it then has. */
function deviceNode({ path, character }: DeviceNode, canMake: boolean): Field[] {
  if (canMake && character) return mount('node', { target: path, ...character, mode: 0o666, ahead: true })
  return mount('bind', { source: path, target: path, flags: ['nosuid', 'noexec'], make: true })
}
