import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

import { InvalidOptionError, JobNotFoundError, type StopOptions } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readText, runJob, startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'

const forever = sh('echo ready; exec sleep 1000')
const polite = sh('trap "echo bye; exit 3" TERM; trap "echo int; exit 4" INT; echo ready; while :; do sleep 0.01; done')
const stubborn = sh('trap "" TERM; echo ready; while :; do sleep 0.01; done')

describe('stop', () => {
  test('kills at once, gives the last status, and forgets the job', async ({ runner }) => {
    const name = await startReady(runner, { command: polite })
    const { outputPath } = await runner.inspect(name)
    expect(await runner.stop(name)).toMatchObject({
      name,
      state: 'stopped',
      active: false,
      signal: 'SIGKILL',
      exitStatus: null,
    })
    expect(existsSync(dirname(outputPath))).toBe(false)
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
    await expect(runner.status(name)).rejects.toThrow(JobNotFoundError)
    await expect(runner.stop(name)).rejects.toThrow(JobNotFoundError)
    expect(await runner.list()).toEqual([])
  })

  test('with a grace lets the job end by itself', async ({ runner }) => {
    const name = await startReady(runner, { command: polite })
    const status = await runner.stop(name, { graceMs: 60_000, keepOutput: true })
    expect(status).toMatchObject({ state: 'stopped', exitStatus: 3, signal: null })
    expect(await readText(runner, name)).toBe('ready\nbye\n')
  })

  test('sends the signal that it is given', async ({ runner }) => {
    const name = await startReady(runner, { command: polite })
    expect(await runner.stop(name, { signal: 'SIGINT', graceMs: 60_000 })).toMatchObject({
      state: 'stopped',
      exitStatus: 4,
    })
  })

  test('goes by the stop signal and grace of the job', async ({ runner }) => {
    const name = await startReady(runner, { command: polite, stopSignal: 'SIGINT', stopGraceMs: 60_000 })
    expect(await runner.stop(name)).toMatchObject({ state: 'stopped', exitStatus: 4 })
  })

  test('kills a job that ignores the signal when the grace is over', async ({ runner }) => {
    const name = await startReady(runner, { command: stubborn })
    const before = performance.now()
    expect(await runner.stop(name, { graceMs: 300 })).toMatchObject({ state: 'stopped', signal: 'SIGKILL' })
    expect(performance.now() - before).toBeGreaterThanOrEqual(299)
  })

  test('of a job that is stopped already with a grace can kill it', async ({ runner }) => {
    const name = await startReady(runner, { command: stubborn })
    const [patient, impatient] = await Promise.all([
      runner.stop(name, { graceMs: 60_000, keepOutput: true }),
      runner.kill(name, 'SIGKILL'),
    ])
    expect(patient).toMatchObject({ state: 'stopped', signal: 'SIGKILL' })
    expect(impatient).toBeUndefined()
  })

  test('with keepOutput keeps status and output until the next stop', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    const status = await runner.stop(name, { keepOutput: true })
    expect(await runner.status(name)).toEqual(status)
    expect(await readText(runner, name)).toBe('ready\n')
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
    expect(await runner.stop(name)).toEqual(status)
    await expect(runner.status(name)).rejects.toThrow(JobNotFoundError)
  })

  test('of a job that has ended gives how it ended', async ({ runner }) => {
    const { name } = await runJob(runner, { command: sh('exit 5') })
    expect(await runner.stop(name)).toMatchObject({ state: 'exited', exitStatus: 5 })
    await expect(runner.status(name)).rejects.toThrow(JobNotFoundError)
  })

  test('gives those who wait the same status', async ({ runner, openRunner }) => {
    const other = await openRunner()
    const name = await startReady(runner, { command: forever })
    const waits = [runner.wait(name), other.wait(name)]
    const text = readText(other, name)
    const status = await runner.stop(name)
    expect(await Promise.all(waits)).toEqual([status, status])
    expect(await text).toBe('ready\n')
  })

  test('of many at once for one job gives all the same', async ({ runner, openRunner }) => {
    const other = await openRunner()
    const name = await startReady(runner, { command: forever })
    const results = await Promise.allSettled([runner, other, runner, other].map(async (each) => each.stop(name)))
    const given = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(given.length).toBeGreaterThan(0)
    for (const status of given) expect(status).toMatchObject({ state: 'stopped', signal: 'SIGKILL' })
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(JobNotFoundError)
  })

  test('refuses options that it does not know, and leaves the job', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    for (const options of [{ graceMs: -1 }, { signal: 'TERM' }, { keepOutput: 'yes' }, { grace: 5 }]) {
      await expect(runner.stop(name, options as unknown as StopOptions)).rejects.toThrow(InvalidOptionError)
    }
    expect((await runner.status(name)).active).toBe(true)
  })
})

describe('closing a runner', () => {
  test('stops and removes its jobs by default', async ({ openRunner }) => {
    const [runner, other] = [await openRunner(), await openRunner({ onExit: 'keep' })]
    const [mine, theirs] = [
      await startReady(runner, { command: forever }),
      await startReady(other, { command: forever }),
    ]
    await runner.close()
    expect((await other.list()).map(({ name }) => name)).toEqual([theirs])
    await expect(other.status(mine)).rejects.toThrow(JobNotFoundError)
  })

  test("keeps its jobs with onExit: 'keep'", async ({ openRunner }) => {
    const runner = await openRunner({ onExit: 'keep' })
    const name = await startReady(runner, { command: forever })
    await runner.close()
    const next = await openRunner()
    expect(await next.status(name)).toMatchObject({ state: 'active' })
    expect(await next.stop(name)).toMatchObject({ state: 'stopped' })
  })

  test('refuses further starts', async ({ openRunner }) => {
    const runner = await openRunner()
    await runner.close()
    await runner.close()
    await expect(runner.start({ command: ['true'] })).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
