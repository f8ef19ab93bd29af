import { JobNotFoundError, type JobConfig } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const forever = sh('echo ready; exec sleep 1000')

describe('the end of a job', () => {
  test.for([0, 1, 42, 127, 255])('with exit status %d is kept', async (exitStatus, { runner }) => {
    const { status } = await runJob(runner, { command: sh(`exit ${exitStatus}`) })
    expect(status).toMatchObject({
      state: 'exited',
      active: false,
      exitStatus,
      signal: null,
      oom: false,
      oomKills: 0,
      timedOut: false,
      pid: null,
    })
    expect(await runner.status(status.name)).toEqual(status)
  })

  test.for(['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGUSR1'] as const)('by %s is kept', async (signal, { runner }) => {
    const { status } = await runJob(runner, { command: sh(`kill -${signal.slice(3)} $$`) })
    expect(status).toMatchObject({ state: 'signaled', exitStatus: null, signal, oom: false })
  })

  test('by a real-time signal is kept', async ({ runner }) => {
    const { status } = await runJob(runner, { command: ['bash', '-c', 'kill -36 $$'] })
    expect(status).toMatchObject({ state: 'signaled', signal: 'SIGRTMIN+2' })
  })

  test('is an exit status when the command has made one of a signal', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh("sh -c 'kill -KILL $$'; exit 137") })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 137, oom: false })
  })

  test('has a start and a finish in order', async ({ runner }) => {
    const before = Date.now()
    const { status } = await runJob(runner, { command: ['true'] })
    const times = [before, status.startedAt.getTime(), status.finishedAt!.getTime(), Date.now()]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('ends what the command has left running', async ({ runner }) => {
    const { output } = await runJob(runner, { command: sh('sleep 1000 & echo $!') })
    expect(output).toMatch(/^\d+\n$/)
  })
})

describe('a job that runs', () => {
  test('says so', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    expect(await runner.status(name)).toMatchObject({
      name,
      state: 'active',
      active: true,
      exitStatus: null,
      signal: null,
      oom: false,
      timedOut: false,
      finishedAt: null,
      pid: expect.any(Number),
    })
  })
})

describe('waiting', () => {
  test('after the end resolves at once', async ({ runner }) => {
    const { name, status } = await runJob(runner, { command: ['true'] })
    expect(await runner.wait(name)).toEqual(status)
  })

  test('of many for one job gives all the same', async ({ runner, openRunner }) => {
    const other = await openRunner()
    const name = await startReady(runner, { command: forever })
    const waits = Array.from({ length: 100 }, async (_, index) => (index % 2 === 0 ? runner : other).wait(name))
    await runner.kill(name, 'SIGTERM')
    const statuses = await Promise.all(waits)
    expect(new Set(statuses.map((status) => JSON.stringify(status))).size).toBe(1)
    expect(statuses[0]).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
  })

  test('for many jobs at once gives each its own', async ({ runner }) => {
    const names = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => runner.start({ command: sh(`exit ${index}`) })),
    )
    const statuses = await Promise.all(names.map(async (name) => runner.wait(name)))
    expect(statuses.map(({ exitStatus }) => exitStatus)).toEqual(Array.from({ length: 40 }, (_, index) => index))
  })

  test('can be cancelled, and the job goes on', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    const controller = new AbortController()
    const [cancelled, other] = [runner.wait(name, { signal: controller.signal }), runner.wait(name)]
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(cancelled).rejects.toBe(reason)
    expect((await runner.status(name)).active).toBe(true)
    await runner.kill(name, 'SIGKILL')
    expect(await other).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
  })

  test('with a signal that is aborted already rejects', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    await expect(runner.wait(name, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('for an unknown job says so', async ({ runner }) => {
    await expect(runner.wait('no-such-job')).rejects.toThrow(JobNotFoundError)
    await expect(runner.status('no-such-job')).rejects.toThrow(/no job 'no-such-job' under /)
    await expect(runner.inspect('no-such-job')).rejects.toMatchObject({ jobName: 'no-such-job' })
    await expect(runner.kill('no-such-job', 'SIGTERM')).rejects.toThrow(JobNotFoundError)
    await expect(runner.freeze('no-such-job')).rejects.toThrow(JobNotFoundError)
    await expect(runner.update('no-such-job', { pidsMax: 5 })).rejects.toThrow(JobNotFoundError)
    await expect(Array.fromAsync(runner.output('no-such-job'))).rejects.toThrow(JobNotFoundError)
  })
})

describe('list and labels', () => {
  test('finds jobs by all of their labels, those that run and those that have ended', async ({ runner }) => {
    const start = async (labels: JobConfig['labels'], command: string[]): Promise<string> =>
      runner.start({ command, ...(labels && { labels }) })
    const ended = await start({ team: 'a', kind: 'build' }, ['true'])
    const running = await start({ team: 'a', kind: 'test' }, ['sleep', '1000'])
    const plain = await start(undefined, ['true'])
    await Promise.all([ended, plain].map(async (name) => runner.wait(name)))
    const names = async (labels?: Record<string, string>): Promise<string[]> =>
      (await runner.list(labels)).map(({ name }) => name)
    expect(await names()).toEqual([ended, running, plain])
    expect(await names({ team: 'a' })).toEqual([ended, running])
    expect(await names({ team: 'a', kind: 'test' })).toEqual([running])
    expect(await names({ team: 'b' })).toEqual([])
    const [first] = await runner.list({ kind: 'build' })
    expect(first).toMatchObject({ command: ['true'], labels: { team: 'a', kind: 'build' }, state: 'exited' })
  })

  test('inspect gives what the job was started with', async ({ runner }) => {
    const config = { command: ['sleep', '1000'], cwd: '/tmp', labels: { a: 'b' }, timeoutMs: 90_000, pidsMax: 7 }
    const name = await runner.start(config)
    const { spec, outputPath, state } = await runner.inspect(name)
    expect(state).toBe('active')
    expect(outputPath).toBe(`${runner.storageRoot}/jobs/${name}/output`)
    expect(spec).toMatchObject({
      name,
      command: config.command,
      cwd: '/tmp',
      labels: { a: 'b' },
      timeoutMs: 90_000,
      limits: { pidsMax: 7 },
    })
  })
})
