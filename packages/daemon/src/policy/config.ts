import type { QuotaBounds } from '@corral/api'
import type { Limits, Profile } from '@corral/runner'

import type { Role } from './contract.ts'

/** Who may do what. Without any of it: root and the daemon's own user may do everything, other local users run jobs by the default rules. */
export interface PolicyConfig {
  /** Rules of every operator; what is not named has the default of `RulesConfig`. */
  rules?: RulesConfig
  /** Bounds of every identity that is no admin. Default: none. */
  quota?: QuotaBounds
  /**
   * Who is what; the first entry that matches holds. Behind them come, for peers of a Unix socket: root and the daemon's
   * own user as `admin`, others as `operator`. A certificate's identity that no entry matches may do nothing.
   */
  identities?: readonly IdentityConfig[]
}

/** What an identity, or all that match, may do. */
export interface IdentityConfig {
  /**
   * Of a certificate the identity, in which `*` stands for any text without a slash and `**` for any text. Of a Unix
   * socket's peer `unix:` and a user's name or uid (or such a pattern), or `unix-group:` and a group's name.
   */
  match: string
  /** `'none'`: nothing at all. */
  role: Role | 'none'
  /** Laid over the quota of all, bound by bound; of an admin: its only one. */
  quota?: QuotaBounds
  /** Laid over the rules of all, option by option, `limits`, `rlimits`, `env` and `labels` name by name. An admin has none unless they are given here. */
  rules?: RulesConfig
}

/** What is filled in where a job says nothing, and the most that it may ask for. Without a `default`, a `max` is filled in. */
export interface Bounds<Value> {
  default?: Value
  max?: Value
}

/** Options of `isolation` that a job may be allowed to set as it likes, whatever its profile's fence. */
export type FreeOption = 'seccomp' | 'noNewPrivileges' | 'landlock' | 'execWritable'

/**
 * What a job may be asked to be. A list that is not given is empty: nothing of the kind is allowed. Paths are absolute, and
 * stand for themselves and all that is below them.
 */
export interface RulesConfig {
  /**
   * The weakest profile, of which no fence may be weakened but by what follows. It is that of jobs that name none, or
   * `'standard'`, which is stronger than `'none'`. Default `'strict'`.
   */
  profile?: Profile
  /** Users that a job may be given, by the name or id that it gives; `'*'`: any, root included. A job in a profile other than `strict` that names none is the daemon's own user's. */
  users?: readonly string[]
  /** Groups likewise. */
  groups?: readonly string[]
  /** The user of every job. */
  user?: string
  /** The group of every job. */
  group?: string
  /** Ids of the host, `'FIRST-LAST'`, that `uidMap` and `gidMap` may lead to. */
  idMaps?: readonly string[]
  /** What may be mounted, writable or not. */
  mounts?: readonly string[]
  /** What may be mounted read-only, or below an overlay. */
  readOnlyMounts?: readonly string[]
  /** Folders that may be a job's root, read-only or below an overlay; writable where `mounts` has them as well. `'host'` and `'overlay'`: these, in `strict`. */
  roots?: readonly string[]
  /** Kinds of network beside `'none'`. */
  networks?: readonly ('host' | 'private')[]
  /** Ports of the host that may be published: `'FIRST-LAST'` on 127.0.0.1, `'ADDRESS:FIRST-LAST'` on another, an IPv6 address in brackets. */
  ports?: readonly string[]
  /**
   * Networks in CIDR notation that a private network leads to at most, filled in where a job names none. Default:
   * everywhere but the host's own addresses and link-local ones, which then cannot be named either.
   */
  destinations?: readonly string[]
  /** Whether a private network may resolve names. Default: true without `destinations`, false with them. */
  dns?: boolean
  /** Device nodes. */
  devices?: readonly string[]
  /** Files of the host that may be standard input. No job may be able to write there, as links are followed. */
  stdinFiles?: readonly string[]
  /** Profiles of system call filters. As `stdinFiles`. */
  seccompFiles?: readonly string[]
  /** Capabilities that may be asked for. */
  capabilities?: readonly string[]
  /** The most of each resource limit. Default: what the daemon itself has; of `core` nothing. */
  rlimits?: Readonly<Record<string, number | 'unlimited'>>
  /** Options that may be set freely. */
  free?: readonly FreeOption[]
  /** Whether jobs may run in no cgroup. Default false. */
  noLimits?: boolean
  /** Formats are the library's. A job that names none has the `default`, else the `max`. Default: a `pidsMax` of at most 4096. */
  limits?: LimitBounds
  /** Wall-clock time; also that of `collect`. Default: no bound. */
  timeoutMs?: Bounds<number>
  /** Time between the stop signal and SIGKILL. Default: at most 600,000. */
  stopGraceMs?: Bounds<number>
  /** Bytes of output that are kept. Default: what the daemon lets every job have. */
  outputMax?: Bounds<number | string>
  /** Bytes that are collected. Default: at most 1 GiB. */
  collectMax?: Bounds<number | string>
  /** Highest priority in the queue. Default 0. */
  priorityMax?: number
  /** Variables of every job and further command. */
  env?: Readonly<Record<string, string>>
  /** Labels of every job. */
  labels?: Readonly<Record<string, string>>
}

export type LimitBounds = { readonly [Limit in keyof Limits]?: Bounds<NonNullable<Limits[Limit]>> }
