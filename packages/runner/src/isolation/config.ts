import type { SeccompProfile } from '../seccomp/index.ts'

/**
 * A named set of fences; docs/isolation.md has the table.
 *
 * - `standard`: what strangers' code is run in, with a `user` of its own. The default.
 * - `strict`: `standard`, and a read-only root, a uid of the job's own, no capability, a tighter seccomp filter, Landlock.
 * - `none`: PID, mount and network namespaces and a fresh `/proc`, nothing else. For commands that are trusted.
 */
export type Profile = 'standard' | 'strict' | 'none'

/** How a job is kept from reaching its host: a profile, and each fence that is to differ from it. */
export interface Isolation {
  /** Default `'standard'`. */
  profile?: Profile
  /** What the job sees as `/`. Default `'host'`; in `strict` `'read-only'`. */
  root?: Root
  /** With an overlay: what the job changed stays until it is removed, for `changes` to list. Default false: it goes at the job's end. */
  keepChanges?: boolean
  /** What else is mounted, in this order, over what the profile mounts; but not over `/proc`, `/dev` and `/dev/pts`. */
  mounts?: readonly Mount[]
  /** Default `'none'`. */
  network?: Network
  /** Host name in the job. Default: the host's. Letters, digits, `-` and `.`, at most 64. Refused in `none`, which has the host's UTS namespace. */
  hostname?: string
  /**
   * Capabilities the job may have, by name (`'CAP_NET_RAW'`); with a `user` it has them at once (ambient). Default: in
   * `standard` Docker's without CAP_MKNOD, and none with a `user` other than root; in `strict` none; in `none` all but
   * CAP_SYS_PTRACE.
   */
  capabilities?: readonly string[]
  /** `'default'` is the profile's own filter; a string with a slash is the path of a profile in OCI's JSON. Default `'default'`; in `none` `'none'`. */
  seccomp?: Seccomp
  /** Resource limits of each process (getrlimit(2)), by name without `RLIMIT_`, in lower case: `{ nofile: 4096 }`. */
  rlimits?: Readonly<Record<string, Rlimit>>
  /** Device nodes of the host that the job has too, at the same path: `['/dev/kvm']`. Refused in `none`, which has all. */
  devices?: readonly string[]
  /** Paths made read-only with all below them, beside the profile's. Those that do not exist are passed over. */
  readOnlyPaths?: readonly string[]
  /** Paths hidden by an empty file or folder, beside the profile's. Those that do not exist are passed over. */
  maskedPaths?: readonly string[]
  /** A user namespace of the job's own: which of its user ids are which of the host's; docs/rootless.md says more. An ordinary user may map those that it has. `user` is an id inside, by default 0. */
  uidMap?: readonly IdMap[]
  /** As `uidMap`, for groups. Default: the same as `uidMap`. */
  gidMap?: readonly IdMap[]
  /** Whether set-user-ID programs and file capabilities give nothing (PR_SET_NO_NEW_PRIVS). Default true; in `none` false. */
  noNewPrivileges?: boolean
  /**
   * Whether Landlock, where the kernel has it, keeps writing to what is meant to be written. Takes `noNewPrivileges`, or
   * CAP_SYS_ADMIN. Default: in `strict` only.
   */
  landlock?: boolean
  /**
   * Whether programs can be executed from what the job can write. Default true; in `strict` false, but for a root that it
   * can write. To ask for false takes a root that is read-only.
   */
  execWritable?: boolean
}

/**
 * - `host`: the host's own, with the rights of the job's user.
 * - `read-only`: the host's, of which nothing can be written but what is mounted on top.
 * - `overlay`: the host's; what the job writes goes to a layer of its own.
 * - a folder: a root file system of the job's own.
 */
export type Root = 'host' | 'read-only' | 'overlay' | RootFolder

export interface RootFolder {
  /** Absolute path of the folder, without symbolic links. */
  directory: string
  /** Default `'read-write'`; in `strict` `'read-only'`. */
  access?: 'read-write' | 'read-only' | 'overlay'
}

/**
 * A mount. Paths are absolute; a `source` may hold no symbolic link, and be nothing of the storage root but what was
 * collected and what overlays hold; the rest of it is hidden in what is mounted. A `target` is looked up in the job's root,
 * and must be there, but in what goes with the job (`/tmp`, an overlay …) or in a root folder, where it is made.
 */
export type Mount =
  | ({ type: 'bind' | 'bind-ro'; source: string; target?: string } & MountFlags)
  | ({ type: 'tmpfs'; target: string; size?: number | string; mode?: number } & MountFlags)
  | ({ type: 'overlay'; source: string; target?: string } & MountFlags)

/** Default: `nosuid` and `nodev` are set, `noexec` is not. */
export interface MountFlags {
  nosuid?: boolean
  nodev?: boolean
  noexec?: boolean
}

/**
 * - `none`: loopback only.
 * - `host`: the host's network.
 * - `private`: outbound through pasta(1).
 */
export type Network = 'none' | 'host' | 'private' | PrivateNetwork

export interface PrivateNetwork {
  type: 'private'
  /**
   * Ports of the host that lead into the job: `8080`, `'8080:80'` (HOST:JOB), `'0.0.0.0:8080:80'`, with `/udp` for UDP.
   * Without an address, on the host's 127.0.0.1.
   */
  ports?: readonly (number | string)[]
  /**
   * Where the job may send to: addresses and networks in CIDR notation, at most 100. Default: everywhere but the host's
   * own addresses and link-local ones, which are reached only where an entry names them, and nothing wider.
   */
  allow?: readonly string[]
  /** Whether names are resolved, by the host's resolver. Default: true without `allow`, false with it. */
  dns?: boolean
}

/** `'default'`, `'none'`, a path with a slash, or a profile itself; docs/seccomp.md says what of it is understood. */
export type Seccomp = string | SeccompProfile

/** A number sets both. */
export type Rlimit = number | 'unlimited' | { soft: number | 'unlimited'; hard: number | 'unlimited' }

/** `size` ids from `inside` on are those from `outside` on in the parent namespace. */
export interface IdMap {
  inside: number
  outside: number
  size: number
}
