import { expect, test } from 'vitest'

import { formatSamples } from './print.ts'
import { Sampler } from './sampler.ts'
import type { JobUsage } from './usage.ts'

const startedAt = new Date('2026-01-01T10:00:00Z')

/** A job that has used so much CPU after so many seconds, and was held back for a tenth of that. */
function usedAfter(seconds: number, cpuUs: number, ioBytes: number | null = null): JobUsage {
  const usage = {
    cpuUserUs: cpuUs,
    cpuSystemUs: 0,
    cpuThrottledUs: cpuUs / 10,
    memoryBytes: 1024,
    memoryPeakBytes: 2048,
    ioReadBytes: ioBytes,
    ioWriteBytes: 0,
    ioReadOperations: null,
    ioWriteOperations: 0,
    pids: 3,
    pidsPeak: 5,
  }
  const at = new Date(startedAt.getTime() + seconds * 1000)
  return { name: 'web', owner: '-', at, startedAt, usage, memoryMax: '64M' }
}

test('CPU and I/O are the average since the start, then since the last sample', () => {
  const sampler = new Sampler()
  expect(sampler.sample([usedAfter(4, 1_000_000, 4096)])[0]).toMatchObject({
    name: 'web',
    cpuPercent: 25,
    throttledPercent: 2.5,
    ioBytesPerSecond: 1024,
  })
  expect(sampler.sample([usedAfter(5, 2_500_000, 8192)])[0]).toMatchObject({
    cpuPercent: 150,
    throttledPercent: 15,
    memoryMaxBytes: 67_108_864,
    ioBytesPerSecond: 4096,
  })
})

test('a job that was started again begins anew', () => {
  const sampler = new Sampler()
  sampler.sample([usedAfter(4, 4_000_000)])
  const again = { ...usedAfter(10, 1_000_000), startedAt: new Date(startedAt.getTime() + 8000) }
  expect(sampler.sample([again])[0]).toMatchObject({ cpuPercent: 50 })
})

test('a row says - where the host does not count', () => {
  const [, row] = formatSamples(new Sampler().sample([usedAfter(1, 0)]))
  expect(row!.split(/ {2,}/)).toEqual(['web', '0.0', '0 %', '1K', '64M', '2K', '-', '0B', '3'])
})
