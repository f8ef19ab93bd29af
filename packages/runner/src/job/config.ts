import type { CollectOptions } from '../files/collect.ts'
import type { JobFile } from '../files/put.ts'
import type { Isolation, Profile } from '../isolation/config.ts'
import type { Stdin, TerminalSize } from '../stdin/config.ts'
import type { Signal } from './signal.ts'

/**
 * Limits of a job, in the kernel's own terms (Documentation/admin-guide/cgroup-v2.rst), in camel case.
 * On a hybrid host they are translated to the v1 files, or refused with the reason.
 */
export interface Limits {
  /** CPU bandwidth as `cpu.max` has it: `'MAX PERIOD'`, `'MAX'` (period 100000) or `'max'`; microseconds. Default `'max'`. */
  cpuMax?: string
  /** Share of CPU under contention, 1 to 10000. Kernel default 100. */
  cpuWeight?: number
  /** CPUs the job may run on, as a list: `'0-3,8'`. Default: all that the parent has. */
  cpusetCpus?: string
  /** Hard memory limit: bytes, or a string with suffix `K`, `M`, `G` or `T` (powers of 1024), or `'max'`. Past it the whole job is killed. */
  memoryMax?: number | string
  /** Memory above which the kernel reclaims and throttles; same format. Refused on a hybrid host. */
  memoryHigh?: number | string
  /** Swap limit, same format. Default: `0` when `memoryMax` is given, else `'max'`. */
  swapMax?: number | string
  /** I/O limits, one `DEV rbps= wbps= riops= wiops=` a line. DEV is `MAJ:MIN`, a device node, or a path on the file system. On a hybrid host only reads and direct writes are throttled. */
  ioMax?: string | readonly string[]
  /** Share of I/O under contention, 1 to 10000. Kernel default 100. */
  ioWeight?: number
  /** Most processes and threads at once, or `'max'`. Default 4096. */
  pidsMax?: number | 'max'
}

/** What `start` takes. */
export interface JobConfig extends Limits {
  /** The program and its arguments. The program is a path, or a name that is looked up in the job's `PATH`. */
  command: readonly string[]
  /** The job's name. Default: the runner's `jobNamePrefix` plus a UUID. Letters, digits and `_ . : -`, at most 128, not taken. */
  name?: string
  /**
   * Environment, laid over the default `PATH`, `HOME`, `LANG=C.UTF-8` and `TERM=dumb` (`xterm` with a
   * terminal); `undefined` takes a default away.
   * The runner's own environment is never passed on.
   */
  env?: Readonly<Record<string, string | undefined>>
  /** Working directory, absolute. Default `/`, or the private folder when there is one. */
  cwd?: string
  /**
   * User to run as, by name or numeric id. Default: the runner's own, and in `strict` one of the job's own. An ordinary
   * user may name those for whom root has set ids aside in /etc/subuid and /etc/subgid.
   */
  user?: string | number
  /** Group to run as, by name or numeric id. Default: the user's primary group. In `strict` only with a `user`. */
  group?: string | number
  /**
   * Run the job in no cgroup: fenced, but neither limited nor counted, nor can it be frozen. For hosts on which an
   * ordinary user has no cgroup; goes with no limit. Default false.
   */
  noLimits?: boolean
  /** How the job is kept from reaching its host: a profile, or a profile and what is to differ from it. Default `'standard'`. */
  isolation?: Profile | Isolation
  /**
   * `'private'`: a writable folder of the job's own at `/tmp/work`, on a tmpfs of `size` bytes (default `'64M'`), which is
   * then the default `cwd`. Default: none. Refused in `none`, and with a mount over it.
   */
  workdir?: 'private' | { size?: number | string }
  /**
   * Files that are there when the command begins, by their paths below the private folder, which they imply. At most
   * 1 MiB in all; they belong to the job's user.
   */
  files?: Readonly<Record<string, JobFile>>
  /**
   * What to copy out of the job when it has ended: files, and folders with all that is in them; links, devices and other
   * special files are left out. `inspect` tells where the copies are, the status what came of each path. A bare array is
   * `paths`.
   */
  collect?: readonly string[] | CollectOptions
  /**
   * What the command reads. Text, bytes and a file are the job's from the beginning; a stream is sent by this process while
   * the job runs, as fast as it reads, and is at its end when this process goes. Default: nothing, /dev/null.
   */
  stdin?: Stdin
  /**
   * Give the command a terminal, of this size; `true`: of 80 columns and 24 rows. What it shows is the job's output, what
   * `stdin` sends is typed at it. Default: none.
   */
  tty?: boolean | TerminalSize
  /**
   * Most bytes that are kept of the job's output, and of that of each further command in it: bytes, or a string with suffix
   * `K`, `M`, `G` or `T`, at least `'64K'`; or `'max'`. Of more, the first half and the last half are kept, and what is
   * between them is dropped, which readers are told. While the job runs it may be a sixteenth more, and what is written in
   * some 10 ms. Default `'max'`.
   */
  outputMax?: number | string
  /** Free key/value pairs that `list` filters by. */
  labels?: Readonly<Record<string, string>>
  /** Wall-clock limit in milliseconds, from exec. At its end: `stopSignal`, then SIGKILL after `stopGraceMs`. Default: none. */
  timeoutMs?: number
  /** The signal that asks the job to end. Default `'SIGTERM'`. */
  stopSignal?: Signal
  /** Milliseconds between `stopSignal` and SIGKILL, for `stop` and for the time-out. Default 0: SIGKILL at once. */
  stopGraceMs?: number
  /**
   * `'self'` runs this program's own entry inside the fence first, see `isShimEntry`, which that must ask: one that does
   * not would run as the job. Default `'native'`.
   */
  shim?: 'native' | 'self'
}
