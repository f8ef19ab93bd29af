import { InvalidOptionError, JobEndedError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { layout, readCgroup } from '../support/cgroups.ts'
import { runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

const MiB = 2 ** 20
const burn = sh('echo ready; while :; do :; done')
const forever = sh('echo ready; exec sleep 1000')

describe('update', () => {
  test('slows a job that runs without a limit', async ({ runner }) => {
    const name = await startReady(runner, { command: burn })
    await runner.update(name, { cpuMax: '10000 100000' })
    const before = (await runner.status(name)).usage!.cpuThrottledUs!
    await eventually(async () => expect((await runner.status(name)).usage!.cpuThrottledUs).toBeGreaterThan(before))
    await runner.kill(name, 'SIGKILL')
    expect((await runner.wait(name)).usage!.cpuThrottledUs).toBeGreaterThan(0)
  })

  test('slows all that the job has forked, and lets it go again', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('(while :; do :; done) & echo ready; while :; do :; done') })
    await runner.update(name, { cpuMax: '10000 100000' })
    await eventually(async () => expect((await runner.status(name)).usage!.cpuThrottledUs).toBeGreaterThan(0))
    await runner.update(name, { cpuMax: 'max' })
    if (layout === 'unified') expect(await readCgroup(runner.storageRoot, name, 'cpu.max')).toBe('max 100000')
    else expect(await readCgroup(runner.storageRoot, name, 'cpu.cfs_quota_us')).toBe('-1')
  })

  test('gives a memory limit that ends the job when it goes past it', async ({ runner }) => {
    const command = sh(
      'trap \'exec "$1" 64 hold\' USR1; echo ready; while :; do sleep 0.01; done',
      program('eat-memory'),
    )
    const name = await startReady(runner, { command })
    await runner.update(name, { memoryMax: '32M' })
    await runner.kill(name, 'SIGUSR1')
    expect(await runner.wait(name)).toMatchObject({ state: 'oom', oom: true })
  })

  test('raises and lowers memory and swap together', async ({ runner }) => {
    const name = await startReady(runner, { command: forever, memoryMax: '64M' })
    const file = layout === 'unified' ? 'memory.max' : 'memory.limit_in_bytes'
    for (const memoryMax of ['256M', '32M', 'max', '48M'] as const) {
      await runner.update(name, { memoryMax })
      const text = await readCgroup(runner.storageRoot, name, file)
      if (memoryMax === 'max') expect(text === 'max' || Number(text) > 2 ** 62).toBe(true)
      else expect(text).toBe(String(Number.parseInt(memoryMax, 10) * MiB))
    }
    await runner.update(name, { swapMax: '16M' })
    if (layout === 'unified')
      expect(await readCgroup(runner.storageRoot, name, 'memory.swap.max')).toBe(String(16 * MiB))
    else expect(await readCgroup(runner.storageRoot, name, 'memory.memsw.limit_in_bytes')).toBe(String(64 * MiB))
  })

  test('lets a fork bomb have more, and then no more', async ({ runner }) => {
    const command = sh('trap \'"$1" 100 &\' USR1; "$1" 100 & while :; do wait; done', program('fork-many'))
    const name = await runner.start({ command, pidsMax: 10 })
    await untilOutput(runner, name, /^\d+ EAGAIN\n/)
    await runner.update(name, { pidsMax: 20 })
    await runner.kill(name, 'SIGUSR1')
    await untilOutput(runner, name, /^\d+ EAGAIN\n\d+ EAGAIN\n/)
    expect((await runner.status(name)).usage!.pids).toBe(20)
    expect((await runner.inspect(name)).spec.limits).toEqual({ pidsMax: 20 })
  })

  test('holds a direct write to a rate from then on', async ({ runner, folder }) => {
    const command = sh('echo ready; while :; do "$1" "$2/file" 64; echo x; done', program('write-direct'), folder)
    const name = await startReady(runner, { command })
    await runner.update(name, { ioMax: `${folder} wbps=512K` })
    const [before, from] = [(await runner.status(name)).usage!.ioWriteBytes!, performance.now()]
    await eventually(async () => {
      expect((await runner.status(name)).usage!.ioWriteBytes! - before).toBeGreaterThan(MiB)
    }, 60_000)
    // What was under way goes on, and the first slice goes at once.
    expect((performance.now() - from) / 1000).toBeGreaterThan(1)
  })

  test('keeps what is not named', async ({ runner }) => {
    const name = await startReady(runner, { command: forever, pidsMax: 50, cpuMax: '50000 100000' })
    await runner.update(name, { cpuMax: '20000 100000' })
    expect((await runner.inspect(name)).spec.limits).toEqual({ pidsMax: 50, cpuMax: '20000 100000' })
    expect(await readCgroup(runner.storageRoot, name, 'pids.max')).toBe('50')
  })

  test('refuses what is no limit, and a job that has ended', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    await expect(runner.update(name, { timeoutMs: 5 } as object)).rejects.toThrow(InvalidOptionError)
    await runner.kill(name, 'SIGKILL')
    await runner.wait(name)
    await expect(runner.update(name, { pidsMax: 5 })).rejects.toThrow(JobEndedError)
    expect((await runJob(runner, { command: ['true'] })).status.exitStatus).toBe(0)
  })
})
