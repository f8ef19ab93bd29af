import { describe, expect, it } from 'vitest'

import { aarch64 } from './tables/aarch64.ts'
import { x86_64 } from './tables/x86_64.ts'

/** As published: linux/audit.h, and the numbers that all architectures share since Linux 5.1. */
describe('the tables of system calls', () => {
  it('have the kernel’s constants', () => {
    expect([x86_64.auditArch, aarch64.auditArch]).toEqual([0xc000003e, 0xc00000b7])
    expect([x86_64.numbers['read'], x86_64.numbers['execve'], x86_64.numbers['seccomp']]).toEqual([0, 59, 317])
    expect([aarch64.numbers['read'], aarch64.numbers['execve'], aarch64.numbers['seccomp']]).toEqual([63, 221, 277])
  })

  it('are of one version of Linux, and agree where all architectures do', () => {
    expect(x86_64.linux).toBe(aarch64.linux)
    const shared = (numbers: Readonly<Record<string, number>>): object =>
      Object.fromEntries(Object.entries(numbers).filter(([, number]) => number >= 424))
    expect(shared(x86_64.numbers)).toEqual(shared(aarch64.numbers))
  })

  it.each([x86_64, aarch64])('give no number twice', ({ numbers }) => {
    expect(new Set(Object.values(numbers)).size).toBe(Object.keys(numbers).length)
  })
})
