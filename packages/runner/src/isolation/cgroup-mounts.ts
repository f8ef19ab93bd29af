import type { Field } from '../store/record.ts'
import { mount } from './mount-fields.ts'

/** The job's cgroups, which it may look at. */
export interface CgroupView {
  layout: 'unified' | 'hybrid'
  /** All directories of the job's, the one of cgroup v2 first. */
  directories: readonly string[]
}

const top = '/sys/fs/cgroup'
const flags = ['ro', 'nosuid', 'nodev', 'noexec'] as const

/** Shows the job its own cgroups, and no other, at the usual places; read-only. */
export function cgroupMounts(view: CgroupView | null): Field[] {
  if (view === null) return mount('mask', { target: top })
  const { layout, directories } = view
  const [first] = directories
  if (first === undefined) return []
  if (layout === 'unified') return mount('bind', { source: first, target: top, flags })
  const tmpfs = mount('fs', {
    type: 'tmpfs',
    target: top,
    options: ['size=64k', 'mode=755'],
    flags: flags.slice(1),
    ahead: true,
  })
  const binds = directories.flatMap((source) => mount('bind', { source, target: placeOf(source), flags, make: true }))
  return [...tmpfs, ...binds, ...mount('attributes', { target: top, flags: ['ro'] })]
}

/** Where a hierarchy is mounted on the host: /sys/fs/cgroup/memory/… is seen at /sys/fs/cgroup/memory. */
function placeOf(directory: string): string {
  const names = directory.split('/')
  return directory.startsWith(`${top}/`) ? names.slice(0, 5).join('/') : `${top}/${names[1]}`
}
