/**
 * A seccomp profile as OCI's runtime specification has it (`linux.seccomp`), with what Docker's and Podman's files have
 * beside it: `archMap`, conditions (`includes`, `excludes`), errnos by name, comments.
 */
export interface SeccompProfile {
  $schema?: string
  comment?: string
  /** What happens to system calls that no rule speaks of. */
  defaultAction: string
  /** Errno of `defaultAction`, when that is SCMP_ACT_ERRNO. Default 1, EPERM. */
  defaultErrnoRet?: number
  /** As `defaultErrnoRet`, by name: `'ENOSYS'`. */
  defaultErrno?: string
  /** Without effect, as `archMap`: the machine's own architecture is filtered, a call of any other ends the process. */
  architectures?: readonly string[] | null
  archMap?: readonly { architecture: string; subArchitectures?: readonly string[] | null }[] | null
  /** Accepted: SECCOMP_FILTER_FLAG_TSYNC and SECCOMP_FILTER_FLAG_SPEC_ALLOW, without effect. */
  flags?: readonly string[] | null
  syscalls?: readonly SeccompRule[] | null
}

/**
 * What happens to some system calls. Where several rules speak of one call, the most severe of those that match holds:
 * KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, LOG, ALLOW; of two with ERRNO, the first. A rule without `args` that only says
 * what `defaultAction` says is passed over.
 */
export interface SeccompRule {
  /** Names that this architecture does not have are passed over. */
  names?: readonly string[]
  /** One name, in old files of Docker's. */
  name?: string
  action: string
  /** Errno of the action SCMP_ACT_ERRNO, 0 to 4095. Default 1, EPERM. */
  errnoRet?: number
  /** As `errnoRet`, by name. */
  errno?: string
  /** All of them must hold. At most one for each argument. */
  args?: readonly SeccompArgument[] | null
  comment?: string
  /** The rule is there only where all of this holds. */
  includes?: SeccompCondition | null
  /** The rule is not there where any of this holds. */
  excludes?: SeccompCondition | null
}

/** A comparison of one argument, as an unsigned number of 64 bits. */
export interface SeccompArgument {
  /** 0 to 5. */
  index: number
  /** What it is compared with; the mask, for SCMP_CMP_MASKED_EQ. */
  value: number | bigint
  /** For SCMP_CMP_MASKED_EQ: what the masked argument must be. Default 0. */
  valueTwo?: number | bigint
  /** SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ. */
  op: string
}

export interface SeccompCondition {
  /** Capabilities of the job: `CAP_SYS_ADMIN`. */
  caps?: readonly string[] | null
  /** Architectures as Go calls them: `amd64`, `arm64`. */
  arches?: readonly string[] | null
  /** `4.8`. */
  minKernel?: string | null
}
