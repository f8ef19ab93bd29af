import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from 'vitest'

import { isAllowing, noSuchCall } from './actions.ts'
import { parseSeccomp } from './parse.ts'
import standard from './profiles/standard.json' with { type: 'json' }
import strict from './profiles/strict.json' with { type: 'json' }
import { type Architecture, machines } from './target.ts'
import { resolve, type Verdict } from './verdicts.ts'

const profiles = { standard, strict } as const
type Name = keyof typeof profiles

const architectures = Object.keys(machines) as Architecture[]
const all = Array.from({ length: 41 }, (_, capability) => capability)

/** Verdicts by name. */
function verdicts(
  profile: Name,
  capabilities: readonly number[] = [],
  arch: Architecture = 'x86_64',
): Map<string, Verdict> {
  const { known } = resolve(parseSeccomp(profiles[profile]), { arch, capabilities, kernel: { major: 6, minor: 1 } })
  const { numbers } = machines[arch].table
  return new Map(Object.entries(numbers).map(([name, number]) => [name, known.get(number)!]))
}

/** Names of calls that are always made. */
function allowed(...words: Parameters<typeof verdicts>): string[] {
  const entries = [...verdicts(...words)].filter(
    ([, { cases, otherwise }]) => cases.length === 0 && isAllowing(otherwise),
  )
  return entries.map(([name]) => name)
}

describe.each(['standard', 'strict'] as const)('the profile %s', (name) => {
  it('names every system call of each architecture', () => {
    const named = new Set(profiles[name].syscalls.flatMap(({ names }) => names))
    const calls = architectures.flatMap((arch) => Object.keys(machines[arch].table.numbers))
    expect(calls.filter((call) => !named.has(call))).toEqual([])
    expect([...named].filter((call) => !calls.includes(call))).toEqual([])
  })

  it('speaks of no system call twice in the same way', () => {
    const plain = profiles[name].syscalls.filter((rule) => !('args' in rule) && !('includes' in rule))
    const names = plain.flatMap(({ names }) => names)
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
  })

  it.each(architectures)('never allows, on %s, what reaches the host, whatever the capabilities', (arch) => {
    const never = [
      'add_key',
      'keyctl',
      'request_key',
      'setns',
      'pivot_root',
      'kexec_load',
      'io_uring_setup',
      'userfaultfd',
    ]
    const some = new Set([...allowed(name, [], arch), ...allowed(name, all, arch)])
    expect(never.filter((call) => some.has(call))).toEqual([])
    expect(verdicts(name, all, arch).get('clone3')).toEqual({ cases: [], otherwise: noSuchCall })
  })

  it('allows what programs need of newer kernels', () => {
    const newer = [
      'openat2',
      'faccessat2',
      'epoll_pwait2',
      'futex_waitv',
      'landlock_restrict_self',
      'statx',
      'mseal',
      'cachestat',
    ]
    expect(allowed(name)).toEqual(
      expect.arrayContaining([...newer, 'fchmodat2', 'map_shadow_stack', 'futex_wake', 'rseq']),
    )
  })
})

describe('standard', () => {
  it('allows what Docker does of tracing', () => {
    const traced = ['ptrace', 'process_vm_readv', 'process_vm_writev']
    expect(allowed('standard')).toEqual(expect.arrayContaining(traced))
    expect(allowed('strict').filter((call) => traced.includes(call))).toEqual([])
  })

  it.each([
    ['mount', 21],
    ['mount_setattr', 21],
    ['chroot', 18],
    ['bpf', 39],
    ['perf_event_open', 38],
    ['kcmp', 19],
    ['init_module', 16],
    ['reboot', 22],
    ['settimeofday', 25],
    ['syslog', 34],
    ['open_by_handle_at', 2],
  ])('allows %s with capability %d alone', (call, capability) => {
    const without = all.filter((each) => each !== capability && each !== 21)
    expect(allowed('standard', without)).not.toContain(call)
    expect(allowed('standard', [capability])).toContain(call)
  })
})

describe('strict', () => {
  it.each(architectures)('allows nothing, on %s, that standard does not', (arch) => {
    for (const capabilities of [[], all]) {
      const standards = verdicts('standard', capabilities, arch)
      const wider = [...verdicts('strict', capabilities, arch)].filter(([call, verdict]) => {
        const allowing = verdict.cases.filter(({ action }) => isAllowing(action))
        if (isAllowing(verdict.otherwise)) return !isAllowing(standards.get(call)!.otherwise)
        return allowing.some((each) => !standards.get(call)!.cases.some((other) => isDeepStrictEqual(each, other)))
      })
      expect(wider).toEqual([])
    }
  })

  it('refuses what watches other processes and the kernel, with all capabilities', () => {
    const refused = new Set([
      'ptrace',
      'process_vm_readv',
      'process_vm_writev',
      'kcmp',
      'pidfd_getfd',
      'bpf',
      'perf_event_open',
      'personality',
    ])
    expect(allowed('strict', all).filter((call) => refused.has(call))).toEqual([])
  })
})
