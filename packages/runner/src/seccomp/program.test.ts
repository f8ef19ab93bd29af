import { describe, expect, it } from 'vitest'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { seccompProgram } from './index.ts'

describe('seccompProgram', () => {
  it.each(['default', 'strict'] as const)('makes the program of the profile %s', (choice) => {
    expect(seccompProgram(choice, { capabilities: [] })).toMatch(/^([0-9a-f]{16}){50,200}$/)
  })

  it('goes by the capabilities, in whatever order', () => {
    const [none, admin, both, again] = [[], [21], [13, 21], [21, 13]].map((capabilities) =>
      seccompProgram('default', { capabilities }),
    )
    expect(admin).not.toBe(none)
    expect(both).not.toBe(admin)
    expect(again).toBe(both)
  })

  it('tells profiles apart by their content', () => {
    const program = (value: number | bigint): string => {
      const syscalls = [{ names: ['read'], action: 'SCMP_ACT_TRAP', args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] }]
      return seccompProgram({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, { capabilities: [] })
    }
    expect(program(2)).not.toBe(program(1))
    expect(program(2n ** 60n)).not.toBe(program(1))
    expect(program(1n)).toBe(program(1))
  })

  it('calls a profile in errors what its caller does', () => {
    const make = (): string =>
      seccompProgram({ defaultAction: 'ALLOW' }, { capabilities: [], option: 'isolation.seccomp' })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('isolation.seccomp.defaultAction: received')
  })
})
