import type { CgroupRunner, JobSummary } from '@corral/runner'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { endedJob } from '../ended-job.fixture.ts'
import { formatSamples } from './print.ts'
import { Sampler } from './sampler.ts'

const start = new Date('2026-01-01T10:00:00Z')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A job that has used so much CPU, and was held back for a tenth of that. */
function activeJob(name: string, cpuUs: number): JobSummary {
  const usage = {
    cpuUserUs: cpuUs,
    cpuSystemUs: 0,
    cpuThrottledUs: cpuUs / 10,
    memoryBytes: 1024,
    memoryPeakBytes: 2048,
    ioReadBytes: null,
    ioWriteBytes: 0,
    ioReadOperations: null,
    ioWriteOperations: 0,
    pids: 3,
    pidsPeak: 5,
  }
  return { ...endedJob({ name, state: 'active', active: true, startedAt: start, usage }), command: ['x'], labels: {} }
}

function runnerWith(jobs: () => JobSummary[]): CgroupRunner {
  const inspect = async () => ({ spec: { limits: { memoryMax: '64M' } } })
  return { list: async () => jobs(), inspect } as unknown as CgroupRunner
}

test('CPU is the average since the start, then since the last sample', async () => {
  let jobs = [activeJob('web', 1_000_000)]
  const sampler = new Sampler(
    runnerWith(() => jobs),
    [],
  )
  vi.setSystemTime(start.getTime() + 4000)
  expect((await sampler.sample())[0]).toMatchObject({ name: 'web', cpuPercent: 25, throttledPercent: 2.5 })
  jobs = [activeJob('web', 2_500_000)]
  vi.setSystemTime(start.getTime() + 5000)
  expect((await sampler.sample())[0]).toMatchObject({
    cpuPercent: 150,
    throttledPercent: 15,
    memoryMaxBytes: 67_108_864,
  })
})

test('only those that run, and of them those that are named, are sampled', async () => {
  const ended = { ...activeJob('old', 0), active: false }
  const runner = runnerWith(() => [activeJob('web', 0), activeJob('worker', 0), ended])
  expect((await new Sampler(runner, []).sample()).map(({ name }) => name)).toEqual(['web', 'worker'])
  expect((await new Sampler(runner, ['worker', 'old']).sample()).map(({ name }) => name)).toEqual(['worker'])
})

test('a row says - where the host does not count', async () => {
  vi.setSystemTime(start.getTime() + 1000)
  const [, row] = formatSamples(
    await new Sampler(
      runnerWith(() => [activeJob('web', 0)]),
      [],
    ).sample(),
  )
  expect(row!.split(/ {2,}/)).toEqual(['web', '0.0', '0 %', '1K', '64M', '2K', '-', '0B', '3'])
})
