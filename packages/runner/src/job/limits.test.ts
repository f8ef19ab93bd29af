import { describe, expect, it } from 'vitest'

import { InvalidOptionError } from '../errors/mistakes.ts'
import type { Limits } from './config.ts'
import { checkLimits } from './limits.ts'

async function refusal(limits: unknown): Promise<InvalidOptionError> {
  const error: unknown = await checkLimits(limits as Limits).catch((caught: unknown) => caught)
  if (!(error instanceof InvalidOptionError)) throw new Error(`${JSON.stringify(limits)} was accepted`)
  return error
}

describe('checkLimits', () => {
  it('leaves absent what was not given', async () => {
    expect(await checkLimits({})).toEqual({})
  })

  it('fills the default period in', async () => {
    expect(await checkLimits({ cpuMax: '50000' })).toEqual({ cpuMax: { quotaUs: 50_000, periodUs: 100_000 } })
    expect(await checkLimits({ cpuMax: 'max' })).toEqual({ cpuMax: { quotaUs: 'max', periodUs: 100_000 } })
    expect(await checkLimits({ cpuMax: '5000 10000' })).toEqual({ cpuMax: { quotaUs: 5000, periodUs: 10_000 } })
    expect(await checkLimits({ cpuMax: 'max 20000' })).toEqual({ cpuMax: { quotaUs: 'max', periodUs: 20_000 } })
  })

  it.each([
    '',
    '999',
    '50000 999',
    '50000 1000001',
    '-1',
    '1.5',
    'half',
    '50% 100000',
    '50000 max',
    50_000,
    null,
    `${2 ** 44}`,
  ])('refuses cpuMax %j', async (cpuMax) => {
    expect((await refusal({ cpuMax })).option).toBe('cpuMax')
  })

  it('reads suffixes as powers of 1024, in either case', async () => {
    const bytes = async (memoryMax: number | string) => (await checkLimits({ memoryMax })).memoryMaxBytes
    expect(await Promise.all(['64M', '64m', '1G', '8K', '1T', '4096', 4096, 'max'].map(bytes))).toEqual([
      67_108_864,
      67_108_864,
      1_073_741_824,
      8192,
      2 ** 40,
      4096,
      4096,
      'max',
    ])
  })

  it.each(['64MB', '64 M', '1.5G', '-1', '', '0', 0, 4095, 1e6 + 0.5, Number.NaN, Infinity, '9000000T', 'M', true])(
    'refuses memoryMax %j',
    async (memoryMax) => {
      const error = await refusal({ memoryMax })
      expect(error.option).toBe('memoryMax')
      expect(error.received).toBe(memoryMax)
      expect(error.accepted).toContain("'64M'")
    },
  )

  it('lets swap be none', async () => {
    expect(await checkLimits({ swapMax: 0, memoryHigh: '1M' })).toEqual({ swapMaxBytes: 0, memoryHighBytes: 1_048_576 })
  })

  it('bounds weights and pids', async () => {
    const given: Limits = { cpuWeight: 1, ioWeight: 10_000, pidsMax: 1 }
    expect(await checkLimits(given)).toEqual(given)
    expect(await checkLimits({ pidsMax: 'max' })).toEqual({ pidsMax: 'max' })
    for (const limits of [
      { cpuWeight: 0 },
      { cpuWeight: 10_001 },
      { ioWeight: 1.5 },
      { pidsMax: 0 },
      { pidsMax: 'many' },
    ]) {
      expect([(await refusal(limits)).option]).toEqual(Object.keys(limits))
    }
  })

  it('accepts CPUs that are online only', async () => {
    expect(await checkLimits({ cpusetCpus: '0' })).toEqual({ cpusetCpus: '0' })
    for (const cpusetCpus of ['', '1-0', '0,', 'all', '0-99999', 0]) {
      expect((await refusal({ cpusetCpus })).accepted).toMatch(/online: \d/)
    }
  })
})
