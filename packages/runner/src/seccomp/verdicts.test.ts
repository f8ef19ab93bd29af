import { describe, expect, it } from 'vitest'

import { actions, errnoAction, noSuchCall } from './actions.ts'
import { parseSeccomp } from './parse.ts'
import type { SeccompProfile, SeccompRule } from './profile.ts'
import { machines, type Target } from './target.ts'
import { resolve, type Verdict } from './verdicts.ts'

const target: Target = { arch: 'x86_64', capabilities: [], kernel: { major: 6, minor: 1 } }
const refuse: SeccompProfile = { defaultAction: 'SCMP_ACT_ERRNO' }
const isOne = [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }]
const allow: SeccompRule = { names: ['read'], action: 'SCMP_ACT_ALLOW' }

function verdictOf(name: string, profile: SeccompProfile, change: Partial<Target> = {}): Verdict {
  const whom = { ...target, ...change }
  return resolve(parseSeccomp(profile), whom).known.get(machines[whom.arch].table.numbers[name]!)!
}

/** The actions that read(2) may meet, in the order in which they are tried. */
function actionsOf(...syscalls: SeccompRule[]): number[] {
  const { cases, otherwise } = verdictOf('read', { ...refuse, syscalls })
  return [...cases.map(({ action }) => action), otherwise]
}

describe('rules of one system call', () => {
  it('are tried the most severe first', () => {
    const named = ['ALLOW', 'LOG', 'ERRNO', 'TRAP', 'KILL_THREAD', 'KILL_PROCESS'] as const
    const rules = named.map((name, at) => ({
      names: ['read'],
      action: `SCMP_ACT_${name}`,
      args: [{ index: 0, value: at, op: 'SCMP_CMP_GE' }],
    }))
    expect(actionsOf(...rules)).toEqual([
      actions.KILL_PROCESS,
      actions.KILL_THREAD,
      actions.TRAP,
      errnoAction(1),
      actions.LOG,
      actions.ALLOW,
      errnoAction(1),
    ])
  })

  it('with an errno are tried in their order', () => {
    const rule = (errnoRet: number): SeccompRule => ({
      names: ['read'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet,
      args: isOne,
    })
    expect(actionsOf(rule(5), rule(3), rule(4))).toEqual([5, 3, 4, 1].map(errnoAction))
  })

  it('count only if they are more severe than one without conditions', () => {
    expect(actionsOf({ ...allow, args: isOne }, { names: ['read'], action: 'SCMP_ACT_TRAP' })).toEqual([actions.TRAP])
    expect(actionsOf({ names: ['read'], action: 'SCMP_ACT_TRAP', args: isOne }, allow)).toEqual([
      actions.TRAP,
      actions.ALLOW,
    ])
  })

  it('do not count if they say what the default says, without conditions', () => {
    expect(actionsOf({ names: ['read'], action: 'SCMP_ACT_ERRNO' }, allow)).toEqual([actions.ALLOW])
    expect(actionsOf({ names: ['read'], action: 'SCMP_ACT_ERRNO', args: isOne }, allow)).toEqual([
      errnoAction(1),
      actions.ALLOW,
    ])
  })
})

describe('a condition', () => {
  const only = (change: Partial<SeccompRule>): SeccompProfile => ({ ...refuse, syscalls: [{ ...allow, ...change }] })
  const isAllowed = (profile: SeccompProfile, change: Partial<Target>): boolean =>
    verdictOf('read', profile, change).otherwise === actions.ALLOW

  it('on capabilities includes with all, and excludes with any', () => {
    const caps = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']
    const held = [[], [12], [12, 21]]
    expect(held.map((capabilities) => isAllowed(only({ includes: { caps } }), { capabilities }))).toEqual([
      false,
      false,
      true,
    ])
    expect(held.map((capabilities) => isAllowed(only({ excludes: { caps } }), { capabilities }))).toEqual([
      true,
      false,
      false,
    ])
  })

  it('on architectures goes by the machine', () => {
    const both = (profile: SeccompProfile): boolean[] =>
      (['x86_64', 'aarch64'] as const).map((arch) => isAllowed(profile, { arch }))
    expect(both(only({ includes: { arches: ['arm', 'arm64'] } }))).toEqual([false, true])
    expect(both(only({ excludes: { arches: ['arm', 'arm64'] } }))).toEqual([true, false])
  })

  it('on the kernel compares numbers', () => {
    const under = (profile: SeccompProfile): boolean[] =>
      [[5, 9] as const, [5, 10] as const, [6, 0] as const].map(([major, minor]) =>
        isAllowed(profile, { kernel: { major, minor } }),
      )
    expect(under(only({ includes: { minKernel: '5.10' } }))).toEqual([false, true, true])
    expect(under(only({ excludes: { minKernel: '5.10' } }))).toEqual([true, false, false])
  })
})

describe('a system call that the author of a profile cannot have known', () => {
  const old: SeccompProfile = {
    ...refuse,
    syscalls: [{ names: ['read', 'statx', 'no_such_call'], action: 'SCMP_ACT_ALLOW' }],
  }

  it('does not exist', () => {
    expect(verdictOf('faccessat2', old).otherwise).toBe(noSuchCall)
    expect(resolve(parseSeccomp(old), target).unknown.otherwise).toBe(noSuchCall)
    expect(verdictOf('mount', old).otherwise).toBe(errnoAction(1))
  })

  it('is named by a rule that does not apply', () => {
    const rules = [{ ...allow, names: ['mseal'], includes: { caps: ['CAP_SYS_ADMIN'] } }]
    expect(verdictOf('faccessat2', { ...refuse, syscalls: rules }).otherwise).toBe(errnoAction(1))
    expect(verdictOf('mseal', { ...refuse, syscalls: rules }).otherwise).toBe(errnoAction(1))
  })

  it('is made where the default is to make it', () => {
    const profile = { ...old, defaultAction: 'SCMP_ACT_LOG' }
    expect(verdictOf('faccessat2', profile).otherwise).toBe(actions.LOG)
    expect(resolve(parseSeccomp(profile), target).unknown.otherwise).toBe(actions.LOG)
  })

  it('is clone3, unless it is named', () => {
    const syscalls = [{ ...allow, names: ['mseal'] }]
    expect(verdictOf('clone3', { ...refuse, syscalls }).otherwise).toBe(noSuchCall)
    expect(verdictOf('clone3', { ...refuse, syscalls: [...syscalls, { ...allow, names: ['clone3'] }] })).toEqual({
      cases: [],
      otherwise: actions.ALLOW,
    })
  })
})
