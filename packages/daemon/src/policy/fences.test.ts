import type { Isolation } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { checkIsolation } from '../../../runner/src/isolation/check.ts'
import { checkLimits } from '../../../runner/src/job/limits.ts'
import { DaemonError } from '../errors.ts'
import { createPolicy } from './policy.ts'

const rules = { limits: { memoryMax: { max: '1G' }, cpuMax: { max: '150000 100000' }, pidsMax: { max: 64 } } }
const { admit } = createPolicy({ rules }).grant({ identity: 'unix:a', via: 'unix', from: '', uid: 1000 })!

const path = fc.constantFrom('/', '/etc', '/srv', '/dev/null', '/dev/../etc', '//', '/proc/self/root', 'etc', '/tmp/')
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 })
const flags = { nosuid: maybe(fc.boolean()), nodev: maybe(fc.boolean()), noexec: maybe(fc.boolean()) }
const number = fc.oneof(fc.constantFrom<number | 'unlimited'>('unlimited', 0, 1, 2), fc.nat(100_000))
const ids = fc.array(fc.record({ inside: fc.nat(9), outside: fc.nat(99), size: fc.nat(9) }), { maxLength: 2 })

const isolations = fc.record(
  {
    profile: fc.constantFrom('strict', 'strict', 'strict', 'standard', 'none', 'Strict', undefined),
    root: fc.oneof(
      fc.constantFrom('host', 'read-only', 'overlay'),
      fc.record(
        { directory: path, access: fc.constantFrom('read-write', 'read-only', 'overlay') },
        { requiredKeys: ['directory'] },
      ),
    ),
    keepChanges: fc.boolean(),
    mounts: fc.array(
      fc.oneof(
        fc.record({ type: fc.constantFrom('bind', 'bind-ro', 'overlay'), source: path, target: path, ...flags }),
        fc.record({ type: fc.constant('tmpfs'), target: path, size: maybe(fc.constant('1M')), ...flags }),
      ),
      { maxLength: 2 },
    ),
    network: fc.oneof(
      fc.constantFrom('none', 'host', 'private'),
      fc.record({ type: fc.constant('private'), ports: fc.constantFrom([], [8080]), allow: maybe(fc.constant([])) }),
    ),
    hostname: fc.constantFrom('judge', '-'),
    capabilities: fc.subarray(['CAP_SYS_ADMIN', 'CAP_NET_RAW', 'CAP_CHOWN'], { maxLength: 2 }),
    seccomp: fc.oneof(
      fc.constantFrom('default', 'none', '/etc/seccomp.json', 'strict'),
      fc.constant({ defaultAction: 'SCMP_ACT_ALLOW' }),
    ),
    rlimits: fc.dictionary(
      fc.constantFrom('core', 'nofile', 'rtprio', 'nice', 'memlock', 'files'),
      fc.oneof(number, fc.record({ soft: number, hard: number })),
      { maxKeys: 2 },
    ),
    devices: fc.subarray(['/dev/null', '/dev/mem'], { maxLength: 1 }),
    readOnlyPaths: fc.array(path, { maxLength: 1 }),
    maskedPaths: fc.array(path, { maxLength: 1 }),
    uidMap: ids,
    gidMap: ids,
    noNewPrivileges: fc.boolean(),
    landlock: fc.boolean(),
    execWritable: fc.boolean(),
    privileged: fc.boolean(),
  },
  { requiredKeys: [] },
)
/** Few options at once: the more there are, the less is let through. */
const few = fc
  .tuple(isolations, fc.infiniteStream(fc.integer({ min: 0, max: 4 })))
  .map(([isolation, dice]) => Object.fromEntries(Object.entries(isolation).filter(() => dice.next().value === 0)))
const asked = fc.oneof(few, isolations, fc.constantFrom('strict', 'standard', 'none', undefined, null, 7))

/** What is let through; undefined: nothing is. */
function admitted(config: object): ReturnType<typeof admit> | undefined {
  try {
    return admit({ command: ['true'], ...config })
  } catch (error) {
    if (error instanceof DaemonError || error instanceof InvalidOptionError) return undefined
    throw error
  }
}

it('lets no strict job through with a fence that is weaker, as the library understands what it is given', async () => {
  const strict = await checkIsolation('strict', undefined)
  let passed = 0
  await fc.assert(
    fc.asyncProperty(asked, async (isolation) => {
      const job = admitted({ isolation })
      const checked = job && (await checkIsolation(job.isolation, undefined).catch(() => undefined))
      if (!checked) return
      passed++
      const { fences, filter } = checked
      const { hostname, isAmbient, mounts, rlimits, readOnlyPaths, maskedPaths } = fences
      // These alone may differ: what they add is looked at below, or weakens nothing.
      const free = { hostname, isAmbient, mounts, rlimits, readOnlyPaths, maskedPaths }
      expect(fences).toEqual({ ...strict.fences, ...free })
      expect(filter).toBe(strict.filter)
      expect(rlimits['core']).toEqual(strict.fences.rlimits['core'])
      expect(rlimits['rtprio'] ?? { hard: 0 }).toMatchObject({ hard: 0 })
      for (const { type, flags } of mounts) {
        expect(type).toBe('tmpfs')
        expect(flags).toEqual(expect.arrayContaining(['nosuid', 'nodev']))
      }
    }),
    { numRuns: 3000 },
  )
  expect(passed).toBeGreaterThan(150)
})

it('understands limits as the library does', async () => {
  const text = fc.oneof(
    fc.constantFrom('max', ' max', '0', '', '1E3', '1.5G', '-1', '64m', '8192T', 'max 100000', '100000 0', '5 5 5'),
    fc
      .tuple(fc.nat(3_000_000), fc.constantFrom('', 'K', 'M', 'G', 'T', 'k', 'g', ' 100000', ' 1000'))
      .map((parts) => parts.join('')),
  )
  const value = fc.oneof(text, fc.nat(2 ** 31), fc.constantFrom(0.5, -1, Number.NaN, Infinity, 2 ** 40))
  const limits = fc.record(
    { memoryMax: value, cpuMax: value, pidsMax: value, swapMax: value },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Isolation>
  await fc.assert(
    fc.asyncProperty(limits, async (given) => {
      const job = admitted(given)
      const checked = job && (await checkLimits(limitsOf(job)).catch(() => undefined))
      if (!checked) return
      expect(checked.memoryMaxBytes).toBeLessThanOrEqual(2 ** 30)
      expect(checked.pidsMax).toBeLessThanOrEqual(64)
      const { quotaUs, periodUs } = checked.cpuMax!
      expect(Number(quotaUs) / periodUs).toBeLessThanOrEqual(1.5)
    }),
    { numRuns: 2000 },
  )
})

function limitsOf({ memoryMax, cpuMax, pidsMax, swapMax }: ReturnType<typeof admit>): object {
  return { memoryMax, cpuMax, pidsMax, swapMax }
}
