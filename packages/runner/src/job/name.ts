import { randomUUID } from 'node:crypto'

import { InvalidOptionError } from '../errors/mistakes.ts'

const accepted = 'letters, digits and _ . : - (first a letter or digit), at most 128, not named like a cgroup file'

/** Names that the kernel's own files in a cgroup directory begin with: such a job's cgroup could not be made. */
const kernelFile = /^(cgroup|cpu|cpuset|cpuacct|memory|io|blkio|pids|hugetlb|rdma|misc|dmem|irq|devices|freezer)\./

/** Checks a job's name, which is also the name of its folder and of its cgroup. */
export function checkName(option: string, name: unknown): string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.:-]{0,127}$/.test(name) || kernelFile.test(name)) {
    throw new InvalidOptionError(option, name, accepted)
  }
  return name
}

/** A name that no other job has. */
export function freshName(prefix: string): string {
  return prefix + randomUUID()
}
