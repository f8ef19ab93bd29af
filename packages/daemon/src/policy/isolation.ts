import type { Isolation, JobConfig, Profile, Root, RootFolder, Seccomp } from '@corral/runner'

import type { FreeOption } from './config.ts'
import { anyOf, ForbiddenOptionError } from './forbidden.ts'
import { admitIdMap } from './id-maps.ts'
import { admitMounts } from './mounts.ts'
import { admitNetwork } from './network.ts'
import { isBelow, plainPath } from './paths.ts'
import { admitRlimits } from './rlimits.ts'
import { isAsStrong, type Rules } from './rules.ts'

/** What a job asks for, for its isolation to be judged. */
export interface Wish {
  isolation: Isolation
  /** The one that it is to have, named or not. */
  profile: Profile
  rules: Rules
}

/** Gives an option as it is let through, also where it was not given. */
type Judge<Option extends keyof Isolation> = (
  value: Exclude<Isolation[Option], undefined>,
  wish: Wish,
) => Isolation[Option]

/** Each option of the library's: one that is not here is refused, and the types say that it is missing. */
const judges: { readonly [Option in keyof Required<Isolation>]: Judge<Option> } = {
  profile: (value) => value,
  root: admitRoot,
  keepChanges: (value) => value,
  mounts: admitMounts,
  network: admitNetwork,
  hostname: (value) => value,
  capabilities: admitCapabilities,
  seccomp: admitSeccomp,
  rlimits: admitRlimits,
  devices: admitDevices,
  // The profile's stay: these only add to them.
  readOnlyPaths: (value) => value,
  maskedPaths: (value) => value,
  uidMap: (value, wish) => admitIdMap('isolation.uidMap', value, wish),
  gidMap: (value, wish) => admitIdMap('isolation.gidMap', value, wish),
  noNewPrivileges: (value, wish) => admitSwitch('noNewPrivileges', value, true, isWeakest(wish), wish),
  landlock: (value, wish) => admitSwitch('landlock', value, true, wish.rules.profile !== 'strict', wish),
  execWritable: (value, wish) => admitSwitch('execWritable', value, false, wish.rules.profile !== 'strict', wish),
}

/**
 * A job's isolation, of which no fence is weaker than those of the rules' profile, but as the rules say.
 * @throws {ForbiddenOptionError}
 */
export function admitIsolation(given: JobConfig['isolation'], rules: Rules): Isolation {
  const isolation = isolationOf(given)
  const profile = isolation.profile ?? (isAsStrong('standard', rules.profile) ? 'standard' : rules.profile)
  if (!isAsStrong(profile, rules.profile)) {
    throw new ForbiddenOptionError('isolation.profile', profile, `at least '${rules.profile}'`)
  }
  const wish: Wish = { isolation, profile, rules }
  const admitted = Object.entries(isolation).map(([option, value]) => {
    if (!Object.hasOwn(judges, option)) {
      throw new ForbiddenOptionError(`isolation.${option}`, value, `only ${Object.keys(judges).join(', ')}`)
    }
    const judge = judges[option as keyof Isolation] as (value: unknown, wish: Wish) => unknown
    return [option, value === undefined ? undefined : judge(value, wish)] as const
  })
  return { ...Object.fromEntries(admitted.filter(([, value]) => value !== undefined)), profile }
}

/** The options of the library that there is a rule for. */
export const isolationOptions: readonly string[] = Object.keys(judges)

function isolationOf(given: unknown): Isolation {
  if (given === undefined) return {}
  if (typeof given === 'string') return { profile: given as Profile }
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  throw new ForbiddenOptionError('isolation', given, 'a profile, or an object with single fences')
}

function isWeakest({ rules }: Wish): boolean {
  return rules.profile === 'none'
}

function admitSwitch(
  option: FreeOption,
  value: boolean,
  strong: boolean,
  mayWeaken: boolean,
  { rules }: Wish,
): boolean {
  if (value === strong || mayWeaken || rules.free.includes(option)) return value
  throw new ForbiddenOptionError(`isolation.${option}`, value, String(strong))
}

function admitRoot(root: Root, wish: Wish): Root {
  const { rules } = wish
  if (typeof root === 'object') return admitRootFolder(root, wish)
  if (root === 'read-only' || rules.profile !== 'strict' || rules.rootKinds.includes(root)) return root
  throw new ForbiddenOptionError('isolation.root', root, anyOf(["'read-only'", ...rules.rootKinds], ''))
}

function admitRootFolder({ directory, access, ...rest }: RootFolder, { profile, rules }: Wish): RootFolder {
  const [unknown] = Object.entries(rest)
  if (unknown) throw new ForbiddenOptionError(`isolation.root.${unknown[0]}`, unknown[1], 'only directory, access')
  const plain = plainPath(directory)
  if (plain === undefined || !isBelow(plain, rules.rootFolders)) {
    const accepted = anyOf(rules.rootFolders, 'no folder of the host')
    throw new ForbiddenOptionError('isolation.root.directory', directory, accepted)
  }
  const effective = access ?? (profile === 'strict' ? 'read-only' : 'read-write')
  const isFine =
    effective === 'read-only' ||
    (effective === 'overlay' && (rules.profile !== 'strict' || rules.rootKinds.includes('overlay'))) ||
    (effective === 'read-write' && isBelow(plain, rules.mounts))
  if (isFine) return { directory: plain, access: effective }
  throw new ForbiddenOptionError('isolation.root.access', access, "'read-only'")
}

function admitCapabilities(names: readonly string[], { rules }: Wish): readonly string[] {
  const list = listOf('isolation.capabilities', names)
  const refused = list.findIndex((name) => !rules.capabilities.includes(name as string))
  if (refused < 0) return list as string[]
  const accepted = anyOf(rules.capabilities, 'none: []')
  throw new ForbiddenOptionError(`isolation.capabilities[${refused}]`, list[refused], accepted)
}

function admitSeccomp(value: Seccomp, wish: Wish): Seccomp {
  if (value === 'default') return value
  if (typeof value === 'string' && value.includes('/')) return admitSeccompFile(value, wish)
  if (isWeakest(wish) || wish.rules.free.includes('seccomp')) return value
  const received = typeof value === 'object' ? 'a filter' : value
  throw new ForbiddenOptionError('isolation.seccomp', received, anyOf(["'default'", ...wish.rules.seccompFiles], ''))
}

function admitSeccompFile(path: string, { rules }: Wish): string {
  const plain = plainPath(path)
  if (plain !== undefined && isBelow(plain, rules.seccompFiles)) return plain
  throw new ForbiddenOptionError('isolation.seccomp', path, anyOf(["'default'", ...rules.seccompFiles], ''))
}

function admitDevices(paths: readonly string[], { rules }: Wish): readonly string[] {
  return listOf('isolation.devices', paths).map((path, index) => {
    const plain = plainPath(path)
    if (plain !== undefined && isBelow(plain, rules.devices)) return plain
    throw new ForbiddenOptionError(`isolation.devices[${index}]`, path, anyOf(rules.devices, 'no device'))
  })
}

function listOf(option: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new ForbiddenOptionError(option, value, 'an array')
}
