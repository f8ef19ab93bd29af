import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { actions, compareSeverity, isAllowing, noSuchCall } from './actions.ts'
import { compileSeccomp } from './compile.ts'
import type { Action, Comparison, Filter, Kernel, Rule } from './filter.ts'
import { parseSeccomp } from './parse.ts'
import type { SeccompProfile, SeccompRule } from './profile.ts'
import standard from './profiles/standard.json' with { type: 'json' }
import strict from './profiles/strict.json' with { type: 'json' }
import { type Architecture, machines, type Target } from './target.ts'

/** A system call, as a filter sees it (struct seccomp_data). */
interface Call {
  auditArch: number
  number: number
  arguments: readonly bigint[]
}

const kernel: Kernel = { major: 6, minor: 1 }
const architectures = Object.keys(machines) as Architecture[]
const all64 = 0xffffffffffffffffn

describe('a program', () => {
  it.each(architectures)('answers as the profiles that come with Corral say, on %s', (arch) => {
    for (const profile of [standard, strict]) {
      for (const capabilities of [[], [21], [13, 18], Array.from({ length: 41 }, (_, capability) => capability)]) {
        expectAgreement(parseSeccomp(profile), { arch, capabilities, kernel })
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
        expectAgreement(parseSeccomp(profile), target)
      }),
      { numRuns: 150 },
    )
  })

  it('jumps further than 255 instructions', () => {
    const names = Object.keys(machines.x86_64.table.numbers).slice(0, 240)
    const syscalls = names.map((name, at) => ({
      names: [name],
      action: at % 2 === 0 ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_ERRNO',
      ...(at % 2 === 0 ? {} : { errnoRet: at }),
      args: [
        { index: at % 6, value: at, op: 'SCMP_CMP_GE' },
        { index: (at + 1) % 6, value: at * 2 ** 31, op: 'SCMP_CMP_LT' },
      ],
    }))
    const filter = parseSeccomp({ defaultAction: 'SCMP_ACT_KILL_PROCESS', syscalls })
    for (const arch of architectures) {
      const target = { arch, capabilities: [], kernel }
      expect(read(compileSeccomp(filter, target)).length).toBeGreaterThan(1000)
      expectAgreement(filter, target)
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
    expect(read(compileSeccomp(parseSeccomp(profile(1000)), target)).length).toBeGreaterThan(4000)
    expect(() => compileSeccomp(parseSeccomp(profile(1100)), target)).toThrow(InvalidOptionError)
  })

  it('is short', () => {
    const lengths = [standard, strict].flatMap((profile) =>
      architectures.map((arch) => {
        const program = read(compileSeccomp(parseSeccomp(profile), { arch, capabilities: [], kernel }))
        return program.length
      }),
    )
    expect(Math.max(...lengths)).toBeLessThan(200)
  })

  it('tells numbers of an allowed call after ten comparisons at most', () => {
    for (const profile of [standard, strict]) {
      const program = read(compileSeccomp(parseSeccomp(profile), { arch: 'x86_64', capabilities: [], kernel }))
      for (const name of ['read', 'write', 'futex', 'mmap', 'openat', 'newfstatat', 'epoll_pwait2']) {
        const { table } = machines.x86_64
        const call = { auditArch: table.auditArch, number: table.numbers[name]!, arguments: [0n, 0n, 0n, 0n, 0n, 0n] }
        const { answer, steps } = run(program, call)
        expect(answer).toBe(actions.ALLOW)
        expect(steps).toBeLessThanOrEqual(14)
      }
    }
  })
})

/** Compares a program with what the profile says, for all numbers and for arguments around those that it compares with. */
function expectAgreement(filter: Filter, target: Target): void {
  const program = read(compileSeccomp(filter, target))
  const evaluate = evaluator(filter, target)
  const different = [...interestingCalls(filter, target)].find((call) => run(program, call).answer !== evaluate(call))
  if (different === undefined) return
  const answers = { program: run(program, different).answer.toString(16), profile: evaluate(different).toString(16) }
  expect({ ...different, ...answers }).toBe('answered alike')
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

interface Instruction {
  code: number
  whenTrue: number
  whenFalse: number
  operand: number
}

/** Reads a program, and refuses what the kernel refuses (bpf_check_classic, seccomp_check_filter). */
function read(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const program = Array.from({ length: bytes.length / 8 }, (_, at) => ({
    code: view.getUint16(at * 8, true),
    whenTrue: view.getUint8(at * 8 + 2),
    whenFalse: view.getUint8(at * 8 + 3),
    operand: view.getUint32(at * 8 + 4, true),
  }))
  program.forEach(({ code, whenTrue, whenFalse, operand }, at) => {
    const isJump = (code & 7) === 5
    const next = code === 0x05 ? [operand] : [whenTrue, whenFalse]
    if (isJump && next.some((skip) => at + 1 + skip >= program.length)) throw new Error(`${at}: jumps out`)
    if (code === 0x20 && (operand % 4 !== 0 || operand >= 64)) throw new Error(`${at}: loads from ${operand}`)
  })
  if (program.at(-1)?.code !== 0x06) throw new Error('the last instruction is no return')
  return program
}

/** Runs a program as the kernel does. */
function run(program: readonly Instruction[], call: Call): { answer: Action; steps: number } {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, call.number, true)
  data.setUint32(4, call.auditArch, true)
  call.arguments.forEach((argument, index) => data.setBigUint64(16 + index * 8, argument, true))
  let word = 0
  for (let at = 0, steps = 1; ; at++, steps++) {
    const { code, whenTrue, whenFalse, operand } = program[at]!
    if (code === 0x06) return { answer: operand, steps }
    if (code === 0x20) word = data.getUint32(operand, true)
    else if (code === 0x54) word = (word & operand) >>> 0
    else if (code === 0x05) at += operand
    else if (code === 0x15) at += word === operand ? whenTrue : whenFalse
    else if (code === 0x25) at += word > operand ? whenTrue : whenFalse
    else if (code === 0x35) at += word >= operand ? whenTrue : whenFalse
    else throw new Error(`${at}: an instruction 0x${code.toString(16)}`)
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
  fc
    .record({ index: fc.nat(5), value: anyValue, bits: anyValue })
    .map(({ index, value, bits }) => ({ index, value, valueTwo: value & bits, op: 'SCMP_CMP_MASKED_EQ' })),
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

const anyRule: fc.Arbitrary<SeccompRule> = fc
  .record(
    {
      names: fc.array(anyName, { minLength: 1, maxLength: 6 }),
      action: anyAction,
      errno: fc.nat(4095),
      args: fc.uniqueArray(anyArgument, { maxLength: 3, selector: ({ index }) => index }),
      includes: anyCondition,
      excludes: anyCondition,
    },
    { requiredKeys: ['names', 'action'] },
  )
  .map(({ errno, ...rule }) => ({
    ...rule,
    ...(errno !== undefined && rule.action === 'SCMP_ACT_ERRNO' ? { errnoRet: errno } : {}),
  }))

const anyProfile: fc.Arbitrary<SeccompProfile> = fc.record({
  defaultAction: anyAction,
  syscalls: fc.array(anyRule, { maxLength: 30 }),
})
