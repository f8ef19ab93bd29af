import { constants } from 'node:os'

import { describe, expect, it } from 'vitest'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { actions, errnoAction } from './actions.ts'
import { parseSeccomp } from './parse.ts'

const rule = { names: ['read'], action: 'SCMP_ACT_ALLOW' }
const argument = { index: 0, value: 1, op: 'SCMP_CMP_EQ' }

/** A profile with one rule, which differs in this. */
function withRule(change: object): object {
  return { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ ...rule, ...change }] }
}

/** A profile with one comparison, which differs in this. */
function withArgument(change: object): object {
  return withRule({ args: [{ ...argument, ...change }] })
}

describe('parseSeccomp', () => {
  it("reads a file in Docker's form", () => {
    const filter = parseSeccomp({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      archMap: [
        { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
        { architecture: 'SCMP_ARCH_RISCV64', subArchitectures: null },
      ],
      syscalls: [
        { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW', args: null, comment: '', includes: {}, excludes: {} },
        { name: 'ptrace', action: 'SCMP_ACT_ALLOW', args: [], includes: { minKernel: '4.8', caps: null } },
        {
          names: ['clone'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
          excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390', 's390x'] },
        },
      ],
    })
    expect(filter.defaultAction).toBe(errnoAction(38))
    expect(filter.rules.map(({ names }) => names)).toEqual([['read', 'write'], ['ptrace'], ['clone']])
    expect(filter.rules[1]!.includes).toEqual({ minKernel: { major: 4, minor: 8 } })
    expect(filter.rules[2]!.comparisons).toEqual([{ index: 0, operator: 'MASKED_EQ', value: 0n, mask: 2114060288n }])
    expect(filter.rules[2]!.excludes).toEqual({ capabilities: [21], architectures: ['s390', 's390x'] })
  })

  it("reads errnos by name, as Podman's files have them", () => {
    const filter = parseSeccomp({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      defaultErrno: 'ENOSYS',
      syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, errno: 'EPERM' }],
    })
    expect(filter.defaultAction).toBe(errnoAction(constants.errno.ENOSYS))
    expect(filter.rules[0]!.action).toBe(errnoAction(constants.errno.EPERM))
  })

  it.each([
    ['SCMP_ACT_ALLOW', actions.ALLOW],
    ['SCMP_ACT_ERRNO', errnoAction(1)],
    ['SCMP_ACT_KILL', actions.KILL_THREAD],
    ['SCMP_ACT_KILL_THREAD', actions.KILL_THREAD],
    ['SCMP_ACT_KILL_PROCESS', actions.KILL_PROCESS],
    ['SCMP_ACT_TRAP', actions.TRAP],
    ['SCMP_ACT_LOG', actions.LOG],
  ])('knows %s', (defaultAction, action) => {
    expect(parseSeccomp({ defaultAction })).toEqual({ defaultAction: action, rules: [] })
  })

  it('takes names that no architecture has', () => {
    expect(parseSeccomp(withRule({ names: ['no_such_call', '__proto__', 'constructor'] })).rules).toHaveLength(1)
  })

  it.each([
    ['seccomp', null],
    ['seccomp', []],
    ['seccomp', 'default'],
    ['seccomp.defaultAction', {}],
    ['seccomp.defaultAction', { defaultAction: 'ALLOW' }],
    ['seccomp.defaultAction', { defaultAction: 'toString' }],
    ['seccomp.defaultAction', { defaultAction: 'SCMP_ACT_NOTIFY' }],
    ['seccomp.defaultErrnoRet', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4096 }],
    ['seccomp.defaultErrnoRet', { defaultAction: 'SCMP_ACT_KILL', defaultErrnoRet: 1 }],
    ['seccomp.defaultErrno', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 'EWHAT' }],
    ['seccomp.defaultErrno', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, defaultErrno: 'ENOSYS' }],
    ['seccomp.architectures[1]', { defaultAction: 'SCMP_ACT_LOG', architectures: ['SCMP_ARCH_X86_64', 'x86'] }],
    ['seccomp.archMap[0].architecture', { defaultAction: 'SCMP_ACT_LOG', archMap: [{}] }],
    ['seccomp.flags[0]', { defaultAction: 'SCMP_ACT_LOG', flags: ['SECCOMP_FILTER_FLAG_LOG'] }],
    ['seccomp.listenerPath', { defaultAction: 'SCMP_ACT_LOG', listenerPath: '/run/socket' }],
    ['seccomp.syscalls', { defaultAction: 'SCMP_ACT_LOG', syscalls: {} }],
    ['seccomp.syscalls[0]', { defaultAction: 'SCMP_ACT_LOG', syscalls: ['read'] }],
    ['seccomp.syscalls[0].names', withRule({ names: [] })],
    ['seccomp.syscalls[0].names', withRule({ names: undefined })],
    ['seccomp.syscalls[0].names[1]', withRule({ names: ['read', 1] })],
    ['seccomp.syscalls[0].name', withRule({ name: 'write' })],
    ['seccomp.syscalls[0].action', withRule({ action: 'SCMP_ACT_TRACE' })],
    ['seccomp.syscalls[0].errnoRet', withRule({ errnoRet: 1 })],
    ['seccomp.syscalls[0].errnoRet', withRule({ action: 'SCMP_ACT_ERRNO', errnoRet: -1 })],
    ['seccomp.syscalls[0].arg', withRule({ arg: [argument] })],
    ['seccomp.syscalls[0].args[0].index', withArgument({ index: 6 })],
    ['seccomp.syscalls[0].args[0].op', withArgument({ op: 'EQ' })],
    ['seccomp.syscalls[0].args[0].value', withArgument({ value: undefined })],
    ['seccomp.syscalls[0].args[0].value', withArgument({ value: -1 })],
    ['seccomp.syscalls[0].args[0].value', withArgument({ value: 2 ** 64 })],
    ['seccomp.syscalls[0].args[0].value', withArgument({ value: 2n ** 64n })],
    ['seccomp.syscalls[0].args[0].valueTwo', withArgument({ valueTwo: 1 })],
    ['seccomp.syscalls[0].args[0].valueTwo', withArgument({ op: 'SCMP_CMP_MASKED_EQ', value: 1, valueTwo: 2 })],
    ['seccomp.syscalls[0].args[1].index', withRule({ args: [argument, { ...argument, value: 2 }] })],
    ['seccomp.syscalls[0].includes.caps[0]', withRule({ includes: { caps: ['SYS_ADMIN'] } })],
    ['seccomp.syscalls[0].excludes.arches[0]', withRule({ excludes: { arches: ['x86_64'] } })],
    ['seccomp.syscalls[0].includes.minKernel', withRule({ includes: { minKernel: '4' } })],
  ])('refuses, at %s, %o', (place, profile) => {
    const printable = expect.objectContaining({ option: place, name: 'InvalidOptionError' })
    expect(() => parseSeccomp(profile)).toThrow(printable)
    expect(() => parseSeccomp(profile)).toThrow(InvalidOptionError)
  })

  it('says why an action cannot be had', () => {
    expect(() => parseSeccomp({ defaultAction: 'SCMP_ACT_NOTIFY' })).toThrow(/not this one: it asks a supervisor/)
  })
})
