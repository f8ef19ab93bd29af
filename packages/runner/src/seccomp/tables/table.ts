/** The system calls of an architecture. */
export interface SyscallTable {
  /** The version of Linux whose headers it was made from. */
  linux: string
  /** What `seccomp_data.arch` is for a system call of this architecture (AUDIT_ARCH_*, linux/audit.h). */
  auditArch: number
  numbers: Readonly<Record<string, number>>
}
