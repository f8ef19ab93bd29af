import { readdir } from 'node:fs/promises'

import { CorralError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { layout, readCgroup } from '../support/cgroups.ts'
import { runJob, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'

const MiB = 2 ** 20
const eat = program('eat-memory')
const forever = sh('echo ready; exec sleep 1000')

describe('memoryMax', () => {
  test('ends a job that goes past it, and says why', async ({ runner }) => {
    const { status, output } = await runJob(runner, { command: [eat, '64', 'hold'], memoryMax: '32M' })
    expect(output).toBe('')
    expect(status).toMatchObject({ state: 'oom', oom: true, signal: 'SIGKILL', exitStatus: null, active: false })
    expect(status.oomKills).toBeGreaterThanOrEqual(1)
    expect(status.usage!.memoryPeakBytes).toBeLessThanOrEqual(32 * MiB)
    expect(status.usage!.memoryPeakBytes).toBeGreaterThan(16 * MiB)
  })

  test('leaves a job that stays below it', async ({ runner }) => {
    const { status, output } = await runJob(runner, { command: [eat, '20'], memoryMax: '32M' })
    expect(output).toBe('touched\n')
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0, oom: false, oomKills: 0 })
  })

  test('ends the whole job when a child goes past it', async ({ runner }) => {
    const command = sh('"$1" 64 hold; exec sleep 1000', eat)
    const { status } = await runJob(runner, { command, memoryMax: '32M' })
    expect(status).toMatchObject({ state: 'oom', oom: true, signal: 'SIGKILL' })
  })

  test('counts all processes of the job together', async ({ runner }) => {
    const command = sh('"$1" 12 hold & "$1" 12 hold & "$1" 12 hold & wait; exec sleep 1000', eat)
    const { status } = await runJob(runner, { command, memoryMax: '32M' })
    expect(status).toMatchObject({ state: 'oom', oom: true })
  })

  test('is not what a SIGKILL from elsewhere looks like', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('kill -KILL $$'), memoryMax: '32M' })
    expect(status).toMatchObject({ state: 'signaled', signal: 'SIGKILL', oom: false, oomKills: 0 })
  })

  test.for([
    ['32M', 32 * MiB],
    [String(16 * MiB), 16 * MiB],
    [24 * MiB, 24 * MiB],
    ['1g', 1024 * MiB],
  ] as const)('%j is written to the file of the layout', async ([memoryMax, bytes], { runner }) => {
    const name = await startReady(runner, { command: forever, memoryMax })
    expect(await readMemoryMax(runner.storageRoot, name)).toBe(String(bytes))
  })

  test('lets the job have no swap beside it', async ({ runner }) => {
    const name = await startReady(runner, { command: forever, memoryMax: '32M' })
    const [file, expected] = layout === 'unified' ? ['memory.swap.max', 0] : ['memory.memsw.limit_in_bytes', 32 * MiB]
    expect(await readCgroup(runner.storageRoot, name, file)).toBe(String(expected))
  })

  test('has all of the job killed together', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('sleep 1000 & echo ready; "$1" 64 hold; exec sleep 1000', eat),
      memoryMax: '32M',
    })
    // v1 has no such file: init sees to it.
    if (layout === 'unified')
      expect(await readCgroup(runner.storageRoot, name, 'memory.oom.group').catch(() => '1')).toBe('1')
    expect(await runner.wait(name)).toMatchObject({ state: 'oom', oom: true, signal: 'SIGKILL' })
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
  })

  test('charges the job for what it writes and the page cache holds, without killing it', async ({
    runner,
    folder,
  }) => {
    const command = sh('head -c 67108864 /dev/zero >"$1/file" && echo written', folder)
    const { status, output } = await runJob(runner, { command, memoryMax: '32M' })
    expect(output).toBe('written\n')
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0, oom: false })
  })

  test('does not end a job for an output longer than it', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('head -c 67108864 /dev/zero'), memoryMax: '32M' })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
  })

  test('that the command does not even start with refuses it, and nothing is left', async ({ runner }) => {
    await expect(runner.start({ command: ['true'], memoryMax: 4096 })).rejects.toThrow(CorralError)
    expect(await readdir(`${runner.storageRoot}/jobs`)).toEqual([])
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
  })

  test('that the command starts with, and no more, ends it', async ({ runner }) => {
    const { status } = await runJob(runner, { command: [eat, '4', 'hold'], memoryMax: '1M' })
    expect(status).toMatchObject({ state: 'oom', oom: true, signal: 'SIGKILL' })
  })
})

describe('swapMax', () => {
  test('beside memoryMax is the swap alone', async ({ runner }) => {
    const name = await startReady(runner, { command: forever, memoryMax: '32M', swapMax: '8M' })
    if (layout === 'unified')
      expect(await readCgroup(runner.storageRoot, name, 'memory.swap.max')).toBe(String(8 * MiB))
    else expect(await readCgroup(runner.storageRoot, name, 'memory.memsw.limit_in_bytes')).toBe(String(40 * MiB))
  })

  test('max lifts the default of none', async ({ runner }) => {
    const name = await startReady(runner, { command: forever, memoryMax: '32M', swapMax: 'max' })
    if (layout === 'unified') expect(await readCgroup(runner.storageRoot, name, 'memory.swap.max')).toBe('max')
    else
      expect(Number(await readCgroup(runner.storageRoot, name, 'memory.memsw.limit_in_bytes'))).toBeGreaterThan(2 ** 62)
  })

  test('alone is written, or refused with the reason where v1 cannot express it', async ({ runner }) => {
    const start = runner.start({ command: ['sleep', '1000'], swapMax: '8M' })
    if (layout === 'unified') {
      expect(await readCgroup(runner.storageRoot, await start, 'memory.swap.max')).toBe(String(8 * MiB))
      return
    }
    await expectRefused(start, /^swapMax cannot be set here: .*memoryMax/)
    expect(await runner.list()).toEqual([])
  })
})

describe('memoryHigh', () => {
  test('is written, or refused with the reason where v1 cannot express it', async ({ runner }) => {
    const start = runner.start({ command: ['sleep', '1000'], memoryHigh: '24M' })
    if (layout === 'unified') {
      expect(await readCgroup(runner.storageRoot, await start, 'memory.high')).toBe(String(24 * MiB))
      return
    }
    await expectRefused(start, /^memoryHigh cannot be set here: /)
    expect(await runner.list()).toEqual([])
  })
})

async function expectRefused(start: Promise<string>, message: RegExp): Promise<void> {
  await expect(start).rejects.toMatchObject({ code: 'LIMIT_REFUSED', message: expect.stringMatching(message) })
}

async function readMemoryMax(storageRoot: string, name: string): Promise<string> {
  return readCgroup(storageRoot, name, layout === 'unified' ? 'memory.max' : 'memory.limit_in_bytes')
}
