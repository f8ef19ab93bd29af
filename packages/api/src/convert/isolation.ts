import { create } from '@bufbuild/protobuf'
import type {
  IdMap as LibraryIdMap,
  Isolation as LibraryIsolation,
  Profile,
  Rlimit as LibraryRlimit,
} from '@corral/runner'

import {
  CapabilityListSchema,
  type IdMap,
  IdMapSchema,
  type Isolation,
  IsolationSchema,
  type Rlimit,
  RlimitSchema,
} from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenCount, givenFlag, givenList, givenRecord, givenText, givenTexts, refuseOthers } from './given.ts'
import { mountFromProto, mountsToProto } from './mounts.ts'
import { networkFromProto, networkToProto } from './network.ts'
import { digitsFromProto } from './number.ts'
import { present } from './present.ts'
import { rootFromProto, rootToProto } from './root.ts'
import { seccompFromProto, seccompToProto } from './seccomp.ts'

const options = [
  'profile',
  'root',
  'keepChanges',
  'mounts',
  'network',
  'hostname',
  'capabilities',
  'seccomp',
  'rlimits',
  'devices',
  'readOnlyPaths',
  'maskedPaths',
  'uidMap',
  'gidMap',
  'noNewPrivileges',
  'landlock',
  'execWritable',
] as const satisfies readonly (keyof LibraryIsolation)[]

/** A profile's name alone is an isolation with nothing else. */
export function isolationToProto(given: Profile | LibraryIsolation): Isolation {
  if (typeof given === 'string') return create(IsolationSchema, { profile: given })
  refuseOthers('isolation', given, options)
  const flag = (name: 'keepChanges' | 'noNewPrivileges' | 'landlock' | 'execWritable'): boolean | undefined =>
    givenFlag(`isolation.${name}`, given[name])
  const texts = (name: 'devices' | 'readOnlyPaths' | 'maskedPaths' | 'capabilities'): string[] =>
    givenTexts(`isolation.${name}`, given[name])
  return create(IsolationSchema, {
    profile: givenText('isolation.profile', given.profile),
    root: rootToProto(given.root),
    keepChanges: flag('keepChanges'),
    mounts: mountsToProto(given.mounts),
    network: networkToProto(given.network),
    hostname: givenText('isolation.hostname', given.hostname),
    capabilities:
      given.capabilities === undefined ? undefined : create(CapabilityListSchema, { names: texts('capabilities') }),
    seccomp: seccompToProto(given.seccomp),
    rlimits: givenRecord('isolation.rlimits', given.rlimits, rlimitToProto),
    devices: texts('devices'),
    readOnlyPaths: texts('readOnlyPaths'),
    maskedPaths: texts('maskedPaths'),
    uidMap: idMapToProto('isolation.uidMap', given.uidMap),
    gidMap: idMapToProto('isolation.gidMap', given.gidMap),
    noNewPrivileges: flag('noNewPrivileges'),
    landlock: flag('landlock'),
    execWritable: flag('execWritable'),
  })
}

export function isolationFromProto(message: Isolation, at: string): LibraryIsolation {
  return present<LibraryIsolation>({
    profile: message.profile as Profile | undefined,
    root: rootFromProto(message.root),
    keepChanges: message.keepChanges,
    mounts: unlessEmpty(message.mounts.map(mountFromProto)),
    network: networkFromProto(message.network),
    hostname: message.hostname,
    capabilities: message.capabilities?.names,
    seccomp: seccompFromProto(message.seccomp, at),
    rlimits: rlimitsFromProto(message.rlimits),
    devices: unlessEmpty(message.devices),
    readOnlyPaths: unlessEmpty(message.readOnlyPaths),
    maskedPaths: unlessEmpty(message.maskedPaths),
    uidMap: unlessEmpty(message.uidMap.map(idMapFromProto)),
    gidMap: unlessEmpty(message.gidMap.map(idMapFromProto)),
    noNewPrivileges: message.noNewPrivileges,
    landlock: message.landlock,
    execWritable: message.execWritable,
  })
}

function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}

/** A number sets both halves. */
function rlimitToProto(option: string, limit: unknown): Rlimit {
  const pair = typeof limit === 'object' ? limit : { soft: limit, hard: limit }
  refuseOthers(option, pair, ['soft', 'hard'])
  const { soft, hard } = pair as Record<string, unknown>
  const half = (value: unknown): string => {
    if (value === 'unlimited' || typeof value === 'number') return String(value)
    throw new FieldError(option, limit, "a whole number from 0, 'unlimited', or { soft, hard } of such")
  }
  return create(RlimitSchema, { soft: half(soft), hard: half(hard) })
}

function rlimitsFromProto(rlimits: Record<string, Rlimit>): Record<string, LibraryRlimit> | undefined {
  const entries = Object.entries(rlimits)
  if (entries.length === 0) return undefined
  const half = (text: string): number | 'unlimited' => digitsFromProto(text) as number | 'unlimited'
  return Object.fromEntries(entries.map(([name, { soft, hard }]) => [name, { soft: half(soft), hard: half(hard) }]))
}

/** An empty map could not be told from none at all, and is none that a job can have. */
function idMapToProto(option: string, map: unknown): IdMap[] {
  const accepted = 'ranges of { inside, outside, size }'
  const ranges = givenList(option, map, (option, range) => {
    refuseOthers(option, range, ['inside', 'outside', 'size'])
    const { inside, outside, size } = range as Record<string, unknown>
    const counts = { inside: givenCount(`${option}.inside`, inside), outside: givenCount(`${option}.outside`, outside) }
    const all = { ...counts, size: givenCount(`${option}.size`, size) }
    if (Object.values(all).includes(undefined)) throw new FieldError(option, range, accepted)
    return create(IdMapSchema, all as LibraryIdMap)
  })
  if (map !== undefined && ranges.length === 0) throw new FieldError(option, map, `one or more ${accepted}`)
  return ranges
}

function idMapFromProto({ inside, outside, size }: IdMap): LibraryIdMap {
  return { inside, outside, size }
}
