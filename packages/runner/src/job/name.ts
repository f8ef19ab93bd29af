import { InvalidOptionError } from '../errors/mistakes.ts'

const accepted = 'letters, digits and _ . : - (first a letter or digit), at most 128, not named like a cgroup file'

/** Names of the kernel's own files in a cgroup directory, or how they begin: such a job's cgroup could not be made. */
const kernelFile =
  /^(tasks|notify_on_release|release_agent)$|^(cgroup|cpu|cpuset|cpuacct|memory|io|blkio|pids|hugetlb|rdma|misc|dmem|irq|devices|freezer)\./

/** Whether a job may be called so. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9][\w.:-]{0,127}$/.test(name) && !kernelFile.test(name)
}

/** Checks a job's name, which is also the name of its folder and of its cgroup. */
export function checkName(option: string, name: unknown): string {
  if (typeof name === 'string' && isName(name)) return name
  throw new InvalidOptionError(option, name, accepted)
}

/** Longest prefix: a UUID has 36 characters. */
const maxPrefix = 92

/** Checks what names begin with that are made up. */
export function checkPrefix(option: string, prefix: unknown): string {
  if (prefix === '' || (typeof prefix === 'string' && prefix.length <= maxPrefix && isName(prefix))) return prefix
  throw new InvalidOptionError(option, prefix, `'', or ${accepted.replace('128', String(maxPrefix))}`)
}

/** A name that no other job has. */
export function freshName(prefix: string): string {
  return prefix + crypto.randomUUID()
}
