import { describe, expect } from 'vitest'

import { slowness } from '../support/eventually.ts'
import { readText, runJob, startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

describe('a time-out', () => {
  test('kills the job and all that it has forked', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('sleep 1000 & sleep 1000'), timeoutMs: 200 })
    expect(status).toMatchObject({ state: 'timed-out', timedOut: true, signal: 'SIGKILL', exitStatus: null })
    expect(status.finishedAt!.getTime() - status.startedAt.getTime()).toBeGreaterThanOrEqual(199)
  })

  test('with a grace sends the stop signal first', async ({ runner }) => {
    const { status, output } = await runJob(runner, {
      command: sh('trap "echo int; exit 6" INT; while :; do sleep 0.01; done'),
      timeoutMs: 500 * slowness,
      stopSignal: 'SIGINT',
      stopGraceMs: 60_000,
    })
    expect(output).toBe('int\n')
    expect(status).toMatchObject({ state: 'timed-out', timedOut: true, exitStatus: 6, signal: null })
  })

  test('kills a job that ignores the stop signal when the grace is over', async ({ runner }) => {
    const { status } = await runJob(runner, {
      command: sh('trap "" TERM; while :; do sleep 0.01; done'),
      timeoutMs: 200,
      stopGraceMs: 300,
    })
    expect(status).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' })
    expect(status.finishedAt!.getTime() - status.startedAt.getTime()).toBeGreaterThanOrEqual(499)
  })

  test('that the job does not live to see changes nothing', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('exit 3'), timeoutMs: 600_000 })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 3, timedOut: false })
  })

  test('ends a job that is stopped', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('kill -STOP $$'), timeoutMs: 200 })
    expect(status).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' })
  })

  test('ends a job that is frozen', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('echo ready; while :; do :; done'),
      timeoutMs: 1_000 * slowness,
    })
    await runner.freeze(name)
    expect(await runner.wait(name)).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' })
  })

  test('is told by a runner that comes later', async ({ openRunner }) => {
    const first = await openRunner({ onExit: 'keep' })
    const name = await first.start({ command: sh('echo ready; exec sleep 1000'), timeoutMs: 300 })
    await first.close()
    const second = await openRunner()
    expect(await second.wait(name)).toMatchObject({ state: 'timed-out', timedOut: true })
    expect(await readText(second, name)).toBe('ready\n')
  })

  test('comes first when stop comes during its grace', async ({ runner }) => {
    const script = 'trap "echo asked" TERM; echo ready; while :; do sleep 0.01; done'
    const name = await runner.start({ command: sh(script), timeoutMs: 500 * slowness, stopGraceMs: 600_000 })
    for await (const chunk of runner.output(name)) if (Buffer.from(chunk).includes('asked')) break
    expect(await runner.stop(name, { graceMs: 0 })).toMatchObject({
      state: 'timed-out',
      timedOut: true,
      signal: 'SIGKILL',
    })
  })
})
