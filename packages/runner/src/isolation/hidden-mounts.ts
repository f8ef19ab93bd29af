import { join, relative } from 'node:path'

import type { Field } from '../store/record.ts'
import type { Fences } from './fences.ts'
import { mount } from './mount-fields.ts'
import { isWithin } from './paths.ts'
import type { HostMount } from './root-mounts.ts'

/** File systems that are views of the host's kernel, and its devices. */
const hostViews = [
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devtmpfs', 'devpts', 'mqueue', 'binder', 'bpf', 'configfs', 'debugfs'],
  ...['efivarfs', 'fusectl', 'hugetlbfs', 'nfsd', 'pstore', 'rpc_pipefs', 'resctrl', 'securityfs', 'selinuxfs'],
  'tracefs',
]

/** What the host has mounted of these at another place than where a job has its own, and the storage root, wherever it shows. */
export function hideHost({ root }: Fences, storageRoot: string): Field[] {
  const except = ['/proc', '/sys', '/dev', '/run', '/tmp']
  const source = typeof root === 'object' ? {} : { source: storageRoot }
  return mount('hide', { target: '/', types: hostViews, except, ...source })
}

/** The storage root is hidden below what is bound or overlaid, too. */
export function hideStorage(
  fences: Fences,
  { storageRoot, hostMounts }: { storageRoot: string; hostMounts: readonly HostMount[] },
): Field[] {
  const overlaid = fences.root === 'overlay' ? aliases(hostMounts, storageRoot) : []
  const bound = fences.mounts.flatMap(({ source, target }) => (source === undefined ? [] : [{ source, target }]))
  const root = typeof fences.root === 'object' ? [{ source: fences.root.directory, target: '' }] : []
  const places = [...root, ...bound].flatMap(({ source, target }) => {
    const prefix = source === '/' ? '/' : `${source}/`
    return storageRoot.startsWith(prefix) ? [`${target}/${storageRoot.slice(prefix.length)}`] : []
  })
  return [...overlaid, ...places].flatMap((target) => mount('mask', { target }))
}

/** Where else the host shows a folder: each mount of its file system that holds it. */
function aliases(hostMounts: readonly HostMount[], folder: string): string[] {
  const holding = hostMounts.filter(({ point }) => isWithin(folder, point))
  const home = holding.toSorted((a, b) => a.point.length - b.point.length).at(-1)
  if (!home) return []
  const inside = join(home.root, relative(home.point, folder))
  return hostMounts
    .filter(({ device, root, point }) => device === home.device && point !== home.point && isWithin(inside, root))
    .map(({ root, point }) => join(point, relative(root, inside)))
}
