import { stat } from 'node:fs/promises'

import type { CgroupRunner } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readText, runJob, startReady, untilOutput } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { readCgroup } from '../support/cgroups.ts'
import { test } from '../support/test.ts'

const counting = sh('echo ready; while :; do echo x; done')

describe('a frozen job', () => {
  test('makes no progress while another one does, and goes on when it is thawed', async ({ runner }) => {
    const name = await startReady(runner, { command: counting, cpuMax: '20000 100000' })
    await runner.freeze(name)
    expect(await readCgroup(runner.storageRoot, name, 'cgroup.events')).toContain('frozen 1')
    const frozen = { size: await sizeOf(runner, name), usage: (await runner.status(name)).usage! }
    await runJob(runner, { command: sh('i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done') })
    const after = { size: await sizeOf(runner, name), usage: (await runner.status(name)).usage! }
    expect(after.size).toBe(frozen.size)
    expect(after.usage.cpuUserUs + after.usage.cpuSystemUs).toBe(frozen.usage.cpuUserUs + frozen.usage.cpuSystemUs)
    expect((await runner.status(name)).state).toBe('active')
    await runner.thaw(name)
    for await (const chunk of runner.output(name, { from: frozen.size })) if (chunk.length > 0) break
    expect(await sizeOf(runner, name)).toBeGreaterThan(frozen.size)
  })

  test('can be killed', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await runner.freeze(name)
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
  })

  test('can be stopped, at once', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await runner.freeze(name)
    expect(await runner.stop(name)).toMatchObject({ state: 'stopped', signal: 'SIGKILL' })
  })

  test('can be stopped with a grace, in which it goes on', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.01; done'),
    })
    await runner.freeze(name)
    expect(await runner.stop(name, { graceMs: 60_000, keepOutput: true })).toMatchObject({
      state: 'stopped',
      exitStatus: 3,
    })
    expect(await readText(runner, name)).toBe('ready\nbye\n')
  })

  test('keeps a signal until it is thawed', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('trap "echo usr1" USR1; echo ready; while :; do sleep 0.01; done'),
    })
    await runner.freeze(name)
    await runner.kill(name, 'SIGUSR1')
    expect(await readText(runner, name, { follow: false })).toBe('ready\n')
    await runner.thaw(name)
    await untilOutput(runner, name, 'usr1\n')
  })

  test('can be frozen and thawed by any runner, and more than once', async ({ runner, openRunner }) => {
    const other = await openRunner()
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await Promise.all([runner.freeze(name), other.freeze(name)])
    await runner.freeze(name)
    await other.thaw(name)
    await runner.thaw(name)
    expect(await readCgroup(runner.storageRoot, name, 'cgroup.events')).toContain('frozen 0')
  })

  test('must not have ended', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['true'] })
    await expect(runner.freeze(name)).rejects.toThrow(/cannot freeze job '.*': it has ended/)
    await expect(runner.thaw(name)).rejects.toThrow(/cannot thaw job '.*': it has ended/)
  })
})

async function sizeOf(runner: CgroupRunner, name: string): Promise<number> {
  return (await stat((await runner.inspect(name)).outputPath)).size
}
