import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Call, readProgram, runProgram } from '../../../../test/support/bpf.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'
import { actions, compareSeverity, isAllowing, noSuchCall } from './actions.ts'
import { compileSeccomp } from './compile.ts'
import type { Action, Comparison, Filter, Kernel, Rule } from './filter.ts'
import { parseSeccomp } from './parse.ts'
import type { SeccompProfile, SeccompRule } from './profile.ts'
import standard from './profiles/standard.json' with { type: 'json' }
import strict from './profiles/strict.json' with { type: 'json' }
import { type Architecture, machines, type Target } from './target.ts'

const kernel: Kernel = { major: 6, minor: 1 }
const architectures = Object.keys(machines) as Architecture[]
const all64 = 0xffffffffffffffffn

describe('a program', () => {
  it.each(architectures)('answers as the profiles that come with Corral say, on %s', (arch) => {
    for (const profile of [standard, strict]) {
      for (const capabilities of [[], [21], [13, 18], Array.from({ length: 41 }, (_, capability) => capability)]) {
        expect(findDifference(parseSeccomp(profile), { arch, capabilities, kernel })).toBeUndefined()
      }
    }
  })

  it('answers as any profile says', () => {
    const anyTarget = fc.record({
      arch: fc.constantFrom(...architectures),
      capabilities: fc.uniqueArray(fc.constantFrom(12, 21)),
      kernel: fc.constant(kernel),
    })
    fc.assert(
      fc.property(anyProfile, anyTarget, (profile, target) => {
        expect(findDifference(parseSeccomp(profile), target)).toBeUndefined()
      }),
      { numRuns: 150 },
    )
  })

  it('jumps further than 255 instructions', () => {
    const names = Object.keys(machines.x86_64.table.numbers).slice(0, 240)
    const syscalls = names.map((name, at): SeccompRule => {
      const args = [
        { index: at % 6, value: at, op: 'SCMP_CMP_GE' },
        { index: (at + 1) % 6, value: at * 2 ** 31, op: 'SCMP_CMP_LT' },
      ]
      if (at % 2 === 0) return { names: [name], action: 'SCMP_ACT_ALLOW', args }
      return { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet: at, args }
    })
    const filter = parseSeccomp({ defaultAction: 'SCMP_ACT_KILL_PROCESS', syscalls })
    for (const arch of architectures) {
      const target = { arch, capabilities: [], kernel }
      expect(readProgram(compileSeccomp(filter, target)).length).toBeGreaterThan(1000)
      expect(findDifference(filter, target)).toBeUndefined()
    }
  })

  it('has at most as many instructions as the kernel takes', () => {
    const names = ['read', 'write', 'close']
    const profile = (values: number): SeccompProfile => ({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: Array.from({ length: values }, (_, at) => ({
        names: [names[at % 3]!],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: at, op: 'SCMP_CMP_EQ' }],
      })),
    })
    const target: Target = { arch: 'x86_64', capabilities: [], kernel }
    expect(readProgram(compileSeccomp(parseSeccomp(profile(1000)), target)).length).toBeGreaterThan(4000)
    expect(() => compileSeccomp(parseSeccomp(profile(1100)), target)).toThrow(InvalidOptionError)
  })

  it('is short', () => {
    const lengths = [standard, strict].flatMap((profile) =>
      architectures.map((arch) => {
        const program = readProgram(compileSeccomp(parseSeccomp(profile), { arch, capabilities: [], kernel }))
        return program.length
      }),
    )
    expect(Math.max(...lengths)).toBeLessThan(200)
  })

  it('tells numbers of an allowed call after ten comparisons at most', () => {
    for (const profile of [standard, strict]) {
      const program = readProgram(compileSeccomp(parseSeccomp(profile), { arch: 'x86_64', capabilities: [], kernel }))
      for (const name of ['read', 'write', 'futex', 'mmap', 'openat', 'newfstatat', 'epoll_pwait2']) {
        const { table } = machines.x86_64
        const call = { auditArch: table.auditArch, number: table.numbers[name]!, arguments: [0n, 0n, 0n, 0n, 0n, 0n] }
        const { answer, steps } = runProgram(program, call)
        expect(answer).toBe(actions.ALLOW)
        expect(steps).toBeLessThanOrEqual(14)
      }
    }
  })
})

/**
 * A call that a program answers otherwise than the profile says, of all numbers and of arguments around those that it
 * compares with.
 */
function findDifference(filter: Filter, target: Target): object | undefined {
  const program = readProgram(compileSeccomp(filter, target))
  const evaluate = evaluator(filter, target)
  for (const call of interestingCalls(filter, target)) {
    const [answer, expected] = [runProgram(program, call).answer, evaluate(call)]
    if (answer !== expected) return { call, answer: answer.toString(16), expected: expected.toString(16) }
  }
  return undefined
}

function* interestingCalls({ rules }: Filter, { arch }: Target): Generator<Call> {
  const { table } = machines[arch]
  const values = new Map<string, bigint[]>()
  for (const { names, comparisons } of rules) {
    for (const name of names) values.set(name, [...(values.get(name) ?? []), ...comparisons.flatMap(valuesAround)])
  }
  const nothing = [0n, 0n, 0n, 0n, 0n, 0n]
  const farNumbers = [0x3fffffff, 0x40000000, 0x40000001, 0x40000200, 0x7fffffff, 0x80000000, 0xffffffff]
  for (const number of [...Array.from({ length: 600 }, (_, number) => number), ...farNumbers]) {
    yield { auditArch: table.auditArch, number, arguments: nothing }
  }
  for (const auditArch of [0x40000003, 0x40000028, 0, 0xc000003e, 0xc00000b7]) {
    if (auditArch !== table.auditArch) yield { auditArch, number: 0, arguments: nothing }
  }
  for (const [name, around] of values) {
    const number = table.numbers[name]
    if (number === undefined) continue
    const unique = [...new Set(around)]
    for (const value of unique) {
      yield { auditArch: table.auditArch, number, arguments: nothing.map(() => value) }
      for (const other of unique.slice(0, 12)) {
        yield { auditArch: table.auditArch, number, arguments: nothing.map((_, index) => (index % 2 ? value : other)) }
      }
    }
  }
}

/** Values that a comparison may mistake for its own. */
function valuesAround({ value, mask }: Comparison): bigint[] {
  const swapped = ((value << 32n) | (value >> 32n)) & all64
  return [
    0n,
    all64,
    value,
    value + 1n,
    value - 1n,
    value ^ (1n << 32n),
    value | ~mask,
    value ^ (1n << 63n),
    swapped,
  ].map((each) => BigInt.asUintN(64, each))
}

/** What a profile says of calls, looked up in the plainest way. */
function evaluator({ defaultAction, rules }: Filter, { arch, capabilities }: Target): (call: Call) => Action {
  const { table, goName, foreignBit } = machines[arch]
  const names = new Map(Object.entries(table.numbers).map(([name, number]) => [number, name]))
  const named = new Set(rules.flatMap((rule) => rule.names))
  const newest = Math.max(0, ...[...named].map((name) => table.numbers[name] ?? 0))
  const isThere = ({ includes, excludes }: Rule): boolean =>
    (includes.capabilities ?? []).every((each) => capabilities.includes(each)) &&
    !(excludes.capabilities ?? []).some((each) => capabilities.includes(each)) &&
    (includes.architectures ?? [goName]).includes(goName) &&
    !(excludes.architectures ?? []).includes(goName) &&
    (includes.minKernel ?? kernel).major <= kernel.major &&
    !(excludes.minKernel && excludes.minKernel.major <= kernel.major)
  const applicable = rules
    .filter(isThere)
    .filter(({ comparisons, action }) => comparisons.length > 0 || action !== defaultAction)

  return (call) => {
    if (call.auditArch !== table.auditArch) return actions.KILL_PROCESS
    if (foreignBit !== null && call.number >= foreignBit) return noSuchCall
    const name = names.get(call.number)
    const isUnforeseen = name === undefined || (!named.has(name) && (call.number > newest || name === 'clone3'))
    if (isUnforeseen) return isAllowing(defaultAction) ? defaultAction : noSuchCall
    const matching = applicable.filter(
      (rule) => rule.names.includes(name) && rule.comparisons.every((each) => holds(each, call.arguments[each.index]!)),
    )
    return matching.map(({ action }) => action).toSorted(compareSeverity)[0] ?? defaultAction
  }
}

function holds({ operator, value, mask }: Comparison, argument: bigint): boolean {
  switch (operator) {
    case 'NE':
      return argument !== value
    case 'LT':
      return argument < value
    case 'LE':
      return argument <= value
    case 'EQ':
      return argument === value
    case 'GE':
      return argument >= value
    case 'GT':
      return argument > value
    case 'MASKED_EQ':
      return (argument & mask) === value
  }
}

const anyValue = fc.oneof(
  fc.constantFrom(0n, 1n, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 0x8000000000000000n, all64),
  fc.bigInt({ min: 0n, max: all64 }),
  fc.bigInt({ min: 0n, max: 64n }),
)

const anyArgument = fc.oneof(
  fc.record({
    index: fc.nat(5),
    value: anyValue,
    op: fc.constantFrom(...['NE', 'LT', 'LE', 'EQ', 'GE', 'GT'].map((operator) => `SCMP_CMP_${operator}`)),
  }),
  fc.record({ index: fc.nat(5), value: anyValue, bits: anyValue }).map(({ index, value, bits }) => ({
    index,
    value,
    valueTwo: value & bits,
    op: 'SCMP_CMP_MASKED_EQ',
  })),
)

const anyAction = fc.constantFrom(
  ...['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'TRAP', 'LOG'].map((action) => `SCMP_ACT_${action}`),
)

const anyCondition = fc.record(
  {
    caps: fc.uniqueArray(fc.constantFrom('CAP_SYS_ADMIN', 'CAP_NET_ADMIN')),
    arches: fc.uniqueArray(fc.constantFrom('amd64', 'arm64', 's390x')),
    minKernel: fc.constantFrom('4.8', '9.0'),
  },
  { requiredKeys: [] },
)

/** Few names, so that rules meet. */
const anyName = fc.oneof(
  fc.constantFrom('read', 'write', 'open', 'openat', 'ioctl', 'clone3', 'socket', 'rseq', 'mseal', 'no_such_call'),
  fc.constantFrom(...Object.keys(machines.x86_64.table.numbers)),
)

const anyRule: fc.Arbitrary<SeccompRule> = fc.record(
  {
    names: fc.array(anyName, { minLength: 1, maxLength: 6 }),
    action: anyAction,
    args: fc.uniqueArray(anyArgument, { maxLength: 3, selector: ({ index }) => index }),
    includes: anyCondition,
    excludes: anyCondition,
  },
  { requiredKeys: ['names', 'action'] },
)

const anyErrnoRule: fc.Arbitrary<SeccompRule> = fc
  .tuple(anyRule, fc.nat(4095))
  .map(([rule, errnoRet]) => Object.assign({}, rule, { action: 'SCMP_ACT_ERRNO', errnoRet }))

const anyProfile: fc.Arbitrary<SeccompProfile> = fc.record({
  defaultAction: anyAction,
  syscalls: fc.array(fc.oneof(anyRule, anyErrnoRule), { maxLength: 30 }),
})
