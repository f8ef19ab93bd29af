import type { CgroupRunner, JobEvent } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

describe('events', () => {
  test('tell of the start, the end and the removal of a job', async ({ runner }) => {
    const events = listen(runner)
    const { name, status } = await runJob(runner, { command: sh('exit 4') })
    await runner.stop(name)
    const [started, exited, removed] = await events.until(name, 'removed')
    expect(started).toMatchObject({ type: 'started', name, pid: expect.any(Number), at: status.startedAt })
    expect(exited).toMatchObject({ type: 'exited', name, at: status.finishedAt, status })
    expect(removed).toMatchObject({ type: 'removed', name, at: expect.any(Date) })
  })

  test('tell of being out of memory before the end', async ({ runner }) => {
    const events = listen(runner)
    const { name } = await runJob(runner, { command: [program('eat-memory'), '64', 'hold'], memoryMax: '16M' })
    const types = (await events.until(name, 'exited')).map(({ type }) => type)
    expect(types).toEqual(['started', 'oom', 'exited'])
  })

  test('tell of the jobs of other runners', async ({ runner, openRunner }) => {
    const events = listen(await openRunner())
    const { name } = await runJob(runner, { command: ['true'] })
    await runner.stop(name)
    expect((await events.until(name, 'removed')).map(({ type }) => type)).toEqual(['started', 'exited', 'removed'])
  })

  test('tell of the end of a job that ran before', async ({ openRunner }) => {
    const runner = await openRunner({ onExit: 'keep' })
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await runner.close()
    const second = await openRunner()
    const events = listen(second)
    await second.kill(name, 'SIGTERM')
    expect(await events.until(name, 'exited')).toMatchObject([
      { type: 'exited', status: { state: 'signaled', signal: 'SIGTERM' } },
    ])
  })

  test('come in order for each of many jobs, to every listener', async ({ runner }) => {
    const listeners = [listen(runner), listen(runner)]
    const runs = await Promise.all(Array.from({ length: 20 }, async () => runJob(runner, { command: ['true'] })))
    await Promise.all(runs.map(async ({ name }) => runner.stop(name)))
    for (const listener of listeners) {
      for (const { name } of runs) {
        expect((await listener.until(name, 'removed')).map(({ type }) => type)).toEqual([
          'started',
          'exited',
          'removed',
        ])
      }
    }
  })

  test('end with the runner', async ({ openRunner }) => {
    const runner = await openRunner()
    const all = Array.fromAsync(runner.events())
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await runner.close()
    expect((await all).map((event) => [event.type, event.name])).toEqual([
      ['started', name],
      ['exited', name],
      ['removed', name],
    ])
  })

  test('can be cancelled', async ({ runner }) => {
    const controller = new AbortController()
    const events = runner.events({ signal: controller.signal })[Symbol.asyncIterator]()
    const next = events.next()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
  })

  test('can be left while they are waited for', async ({ runner }) => {
    const events = runner.events()[Symbol.asyncIterator]()
    const next = events.next()
    await events.return?.()
    expect(await next).toMatchObject({ done: true })
  })
})

/** Takes a runner's events from now on. */
function listen(runner: CgroupRunner): { until: (name: string, type: JobEvent['type']) => Promise<JobEvent[]> } {
  const taken: JobEvent[] = []
  const events = runner.events()[Symbol.asyncIterator]()
  const next = async (): Promise<void> => {
    const { value, done } = await events.next()
    if (done) throw new Error('the events have ended')
    taken.push(value)
  }
  return {
    /** The events of one job, up to the first of a type. */
    async until(name, type) {
      while (!taken.some((event) => event.name === name && event.type === type)) await next()
      return taken.filter((event) => event.name === name)
    },
  }
}
