import type { IdRange } from '../ids/mapping.ts'
import type { Capability } from './capabilities.ts'
import type { CheckedNetwork } from '../network/index.ts'
import type { IdMap, Profile, RootFolder } from './config.ts'
import type { RlimitPair } from './rlimits.ts'

/** A job's isolation with nothing left to guess: the profile's fences, and what the caller changed of them. Plain data. */
export interface Fences {
  profile: Profile
  root: 'host' | 'read-only' | 'overlay' | Required<RootFolder>
  keepChanges: boolean
  mounts: readonly CheckedMount[]
  network: CheckedNetwork
  /** Null: the host's. */
  hostname: string | null
  /** What exec can give at most. */
  capabilities: readonly Capability[]
  /** The caller has named them: a user other than root then has them at once. */
  isAmbient: boolean
  /** Whose system call filter: `default` and `strict` are ours, else the path of a profile, or `custom`. */
  seccomp: string
  rlimits: Readonly<Record<string, RlimitPair>>
  devices: readonly string[]
  readOnlyPaths: readonly string[]
  maskedPaths: readonly string[]
  uidMap: readonly IdMap[] | null
  gidMap: readonly IdMap[] | null
  noNewPrivileges: boolean
  landlock: boolean
  execWritable: boolean
  /** The command gets a uid, and a gid of the same number, that no other process has, of these; null: it does not. */
  ownUser: IdRange | null
}

/** A job's fences, and what of them was made when they were checked. */
export interface CheckedIsolation {
  fences: Fences
  /** The system call filter, as the launcher takes it; null: none. */
  filter: string | null
}

/** A mount whose paths and sizes have been looked at. */
export interface CheckedMount {
  type: 'bind' | 'bind-ro' | 'tmpfs' | 'overlay'
  /** What is bound, or lies below the overlay; undefined for a tmpfs. */
  source?: string
  target: string
  /** Of a tmpfs: bytes. */
  size?: number
  /** Of a tmpfs: permissions of its folder. */
  mode?: number
  /** Flags that are set: `nosuid`, `nodev`, `noexec`. */
  flags: readonly ('nosuid' | 'nodev' | 'noexec')[]
}
