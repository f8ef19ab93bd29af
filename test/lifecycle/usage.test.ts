import { describe, expect } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

const MiB = 2 ** 20

describe('usage', () => {
  test('is live while the job runs', async ({ runner }) => {
    const name = await runner.start({
      command: sh('"$1" 20 hold & "$1" 1 hold & while :; do :; done', program('eat-memory')),
    })
    await eventually(async () => {
      const usage = (await runner.status(name)).usage!
      expect(usage.memoryBytes).toBeGreaterThan(20 * MiB)
      expect(usage.memoryPeakBytes).toBeGreaterThanOrEqual(usage.memoryBytes!)
      expect(usage.pids).toBe(3)
      expect(usage.cpuUserUs + usage.cpuSystemUs).toBeGreaterThan(1_000)
    })
    const before = (await runner.status(name)).usage!
    await eventually(async () => expect((await runner.status(name)).usage!.cpuUserUs).toBeGreaterThan(before.cpuUserUs))
  })

  test('is kept after the end', async ({ runner, openRunner }) => {
    const script = '"$1" 20; i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done'
    const { name, status } = await runJob(runner, { command: sh(script, program('eat-memory')) })
    const usage = status.usage!
    expect(usage.memoryBytes).toBe(0)
    expect(usage.pids).toBe(0)
    expect(usage.memoryPeakBytes).toBeGreaterThan(20 * MiB)
    expect(usage.memoryPeakBytes).toBeLessThan(40 * MiB)
    expect(usage.cpuUserUs + usage.cpuSystemUs).toBeGreaterThan(1_000)
    expect((await (await openRunner()).status(name)).usage).toEqual(usage)
  })

  test('has the most processes there were, where the kernel counts them', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('for i in 1 2 3 4 5; do sleep 0.01 & done; wait') })
    const { pidsPeak } = status.usage!
    // pids.peak is there since Linux 6.1 in v2, and 6.11 in v1.
    if (pidsPeak !== null) expect(pidsPeak).toBe(6)
  })

  test('counts what is written past the page cache', async ({ runner, folder }) => {
    const { status } = await runJob(runner, { command: [program('write-direct'), `${folder}/file`, '1024'] })
    expect(status).toMatchObject({ exitStatus: 0 })
    expect(status.usage!.ioWriteBytes).toBeGreaterThanOrEqual(MiB)
    expect(status.usage!.ioWriteOperations).toBeGreaterThanOrEqual(16)
  })
})
