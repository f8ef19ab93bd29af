import { type Capability, defaultCapabilities, tamedCapabilities } from './capabilities.ts'
import type { Profile } from './config.ts'
import type { Fences } from './fences.ts'
import type { RlimitPair } from './rlimits.ts'

/**
 * No core dumps. 1 and not 0: where core_pattern is a pipe, as with systemd, 0 would still run the host's program, and 1
 * keeps the kernel from it (fs/coredump.c).
 */
const noCore: Record<string, RlimitPair> = { core: { soft: 1, hard: 1 } }

/** What a profile is, for a job that runs as `root`, or as another user. The table of docs/isolation.md. */
export function profileFences(profile: Profile, isRoot: boolean): Omit<Fences, 'ownUser'> {
  return { ...shared, ...profiles[profile], capabilities: profileCapabilities(profile, isRoot) }
}

const shared = {
  keepChanges: false,
  isAmbient: false,
  mounts: [],
  network: 'none',
  hostname: null,
  devices: [],
  readOnlyPaths: [],
  maskedPaths: [],
  uidMap: null,
  gidMap: null,
} as const satisfies Partial<Fences>

const standard = {
  profile: 'standard',
  root: 'host',
  seccomp: 'default',
  rlimits: noCore,
  noNewPrivileges: true,
  landlock: false,
  execWritable: true,
} as const satisfies Partial<Fences>

const profiles = {
  standard,
  strict: {
    ...standard,
    profile: 'strict',
    root: 'read-only',
    seccomp: 'strict',
    landlock: true,
    execWritable: false,
  },
  none: {
    profile: 'none',
    root: 'host',
    seccomp: 'none',
    rlimits: {},
    noNewPrivileges: false,
    landlock: false,
    execWritable: true,
  },
} as const satisfies Record<Profile, Partial<Fences>>

function profileCapabilities(profile: Profile, isRoot: boolean): readonly Capability[] {
  if (profile === 'none') return tamedCapabilities
  return profile === 'standard' && isRoot ? defaultCapabilities : []
}
