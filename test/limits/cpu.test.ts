import { availableParallelism } from 'node:os'

import { describe, expect } from 'vitest'

import { layout, readCgroup } from '../support/cgroups.ts'
import { runJob, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const burn = 'while :; do :; done'

describe('cpuMax', () => {
  test.for([
    ['20000 100000', 0.2],
    ['5000 10000', 0.5],
  ] as const)("'%s' gives a hog %d of a CPU", async ([cpuMax, share], { runner }) => {
    const { status } = await runJob(runner, { command: sh(burn), cpuMax, timeoutMs: 3_000 })
    const { cpuUserUs, cpuSystemUs, cpuThrottledUs } = status.usage!
    const wallUs = (status.finishedAt!.getTime() - status.startedAt.getTime()) * 1000
    expect(status.state).toBe('timed-out')
    // A busy machine gives less, by far; a quota never gives more than its period's worth.
    expect((cpuUserUs + cpuSystemUs) / wallUs).toBeLessThan(share * 1.25)
    expect((cpuUserUs + cpuSystemUs) / wallUs).toBeGreaterThan(share * 0.1)
    expect(cpuThrottledUs).toBeGreaterThan(0)
  })

  test('holds for all processes of the job together', async ({ runner }) => {
    const script = `${burn} & ${burn} & ${burn} & wait`
    const { status } = await runJob(runner, { command: sh(script), cpuMax: '30000', timeoutMs: 3_000 })
    const wallUs = (status.finishedAt!.getTime() - status.startedAt.getTime()) * 1000
    expect((status.usage!.cpuUserUs + status.usage!.cpuSystemUs) / wallUs).toBeLessThan(0.375)
  })

  test.for([
    ['20000 50000', '20000 50000'],
    ['20000', '20000 100000'],
    ['max', 'max 100000'],
    ['max 20000', 'max 20000'],
  ] as const)("'%s' is written to the kernel's file", async ([cpuMax, expected], { runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000'), cpuMax })
    expect(await readCpuMax(runner.storageRoot, name)).toBe(expected)
  })
})

describe('cpuWeight', () => {
  test.for([
    [1, '2'],
    [100, '1024'],
    [10_000, '262144'],
  ] as const)('%d is written to the file of the layout', async ([cpuWeight, shares], { runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000'), cpuWeight })
    const [file, expected] = layout === 'unified' ? ['cpu.weight', String(cpuWeight)] : ['cpu.shares', shares]
    expect(await readCgroup(runner.storageRoot, name, file)).toBe(expected)
  })
})

describe('cpusetCpus', () => {
  test('lets the job run there alone', async ({ runner }) => {
    const last = String(availableParallelism() - 1)
    const { output } = await runJob(runner, {
      command: sh('grep Cpus_allowed_list /proc/self/status'),
      cpusetCpus: last,
    })
    expect(output.trim()).toBe(`Cpus_allowed_list:\t${last}`)
  })

  test('holds for what the job forks', async ({ runner }) => {
    const script = '(sleep 0.01 & wait; grep Cpus_allowed_list /proc/self/status)'
    const { output } = await runJob(runner, { command: sh(script, program('probe')), cpusetCpus: '0' })
    expect(output.trim()).toBe('Cpus_allowed_list:\t0')
  })
})

/** The quota and period in v2's terms, whichever files they are in. */
async function readCpuMax(storageRoot: string, name: string): Promise<string> {
  if (layout === 'unified') return readCgroup(storageRoot, name, 'cpu.max')
  const quota = await readCgroup(storageRoot, name, 'cpu.cfs_quota_us')
  return `${quota === '-1' ? 'max' : quota} ${await readCgroup(storageRoot, name, 'cpu.cfs_period_us')}`
}
