import type { Mount } from '@corral/runner'

import { anyOf, ForbiddenOptionError } from './forbidden.ts'
import type { Wish } from './isolation.ts'
import { isBelow, plainPath } from './paths.ts'

/** What a mount of each type may hold; the types say when one is missing. */
const parts: { readonly [Type in Mount['type']]: readonly string[] } = {
  bind: ['type', 'source', 'target', 'nosuid', 'nodev', 'noexec'],
  'bind-ro': ['type', 'source', 'target', 'nosuid', 'nodev', 'noexec'],
  overlay: ['type', 'source', 'target', 'nosuid', 'nodev', 'noexec'],
  tmpfs: ['type', 'target', 'size', 'mode', 'nosuid', 'nodev', 'noexec'],
}

/** Mounts of what the rules name. A `source` holds no symbolic link: the library sees to that, here and when it mounts. */
export function admitMounts(mounts: readonly Mount[], wish: Wish): readonly Mount[] {
  if (!Array.isArray(mounts)) throw new ForbiddenOptionError('isolation.mounts', mounts, 'an array')
  return mounts.map((mount: Mount, index) => admitMount(`isolation.mounts[${index}]`, mount, wish))
}

function admitMount(option: string, mount: Mount, wish: Wish): Mount {
  const { type } = mount ?? {}
  if (!Object.hasOwn(parts, type)) {
    throw new ForbiddenOptionError(`${option}.type`, type, Object.keys(parts).join(', '))
  }
  for (const [part, value] of Object.entries(mount)) {
    if (!parts[type].includes(part)) throw new ForbiddenOptionError(`${option}.${part}`, value, parts[type].join(', '))
  }
  for (const flag of ['nosuid', 'nodev'] as const) {
    if (mount[flag] === false && wish.rules.profile !== 'none') {
      throw new ForbiddenOptionError(`${option}.${flag}`, false, 'true')
    }
  }
  return mount.type === 'tmpfs' ? { ...mount } : { ...mount, source: admitSource(option, mount, wish) }
}

function admitSource(option: string, { type, source }: Exclude<Mount, { type: 'tmpfs' }>, { rules }: Wish): string {
  const folders = type === 'bind' ? rules.mounts : rules.readOnlyMounts
  const plain = plainPath(source)
  if (plain !== undefined && isBelow(plain, folders)) return plain
  const accepted = anyOf(folders, `nothing of the host as '${type}'`)
  throw new ForbiddenOptionError(`${option}.source`, source, accepted)
}
