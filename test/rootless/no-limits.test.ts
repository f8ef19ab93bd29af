import { describe, expect } from 'vitest'

import { killHard, parentOf } from '../faults/host.ts'
import { startReady, runJob, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'
import { OrdinaryUser } from './ordinary-user.ts'

const family = sh(
  '(setsid sh -c "trap : TERM; while :; do sleep 1000; done" &); trap : TERM; echo ready; while :; do sleep 1000; done',
)

describe('a job without a cgroup', () => {
  test('has none, counts nothing, and sees none', async ({ runner }) => {
    const name = await startReady(runner, {
      noLimits: true,
      command: sh('ls -A /sys/fs/cgroup; echo ready; sleep 1000'),
    })
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
    expect(await runner.status(name)).toMatchObject({ state: 'active', usage: null })
    expect((await runner.inspect(name)).spec.cgroups).toBeNull()
    const ended = await runner.stop(name, { keepOutput: true })
    expect(ended).toMatchObject({ state: 'stopped', usage: null, oom: false })
    expect(await untilOutput(runner, name, 'ready\n')).toBe('ready\n')
    await runner.stop(name)
  })

  test.for(['stop', 'kill', 'time-out', 'end'] as const)('leaves nobody behind at its %s', async (how, { runner }) => {
    const script = how === 'end' ? sh('"$0"; echo ready', program('daemonize')) : family
    const command = how === 'end' ? [program('daemonize')] : script
    const name = await runner.start({
      noLimits: true,
      command,
      ...(how === 'time-out' && { timeoutMs: 1000, stopGraceMs: 10 }),
    })
    if (how !== 'end') await untilOutput(runner, name, 'ready\n')
    if (how === 'kill') await runner.kill(name, 'SIGKILL')
    const status = await (how === 'stop' ? runner.stop(name, { graceMs: 10, keepOutput: true }) : runner.wait(name))
    expect(status.state).toBe({ stop: 'stopped', kill: 'signaled', 'time-out': 'timed-out', end: 'exited' }[how])
    await runner.stop(name)
    // The end of the test looks for processes that are left.
  })

  test('is lost with its init, and nobody is left', async ({ runner }) => {
    const name = await startReady(runner, { noLimits: true, command: family })
    killHard(parentOf((await runner.status(name)).pid!))
    expect(await runner.wait(name)).toMatchObject({ state: 'lost', usage: null })
    await runner.stop(name)
  })

  test('cannot be limited or frozen', async ({ runner }) => {
    await expect(runner.start({ command: ['true'], noLimits: true, pidsMax: 5 })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option: 'pidsMax',
    })
    const name = await startReady(runner, { noLimits: true, command: sh('echo ready; sleep 1000') })
    await expect(runner.freeze(name)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('started with noLimits'),
    })
    await expect(runner.update(name, { pidsMax: 5 })).rejects.toMatchObject({
      code: 'LIMIT_REFUSED',
      message: expect.stringContaining('started with noLimits'),
    })
    await runner.stop(name)
  })

  test('runs beside jobs that have one', async ({ runner }) => {
    const [fenced, limited] = await Promise.all([
      runJob(runner, { command: ['true'], noLimits: true }),
      runJob(runner, { command: ['true'], pidsMax: 5 }),
    ])
    expect([fenced.status.usage === null, limited.status.usage === null]).toEqual([true, false])
  })
})

describe('an ordinary user without a cgroup', () => {
  test('is refused, and told of noLimits and of what would hand one over', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { error } = await user.ask({ job: { noLimits: false } })
    expect(error).toMatchObject({ code: 'CGROUP_UNAVAILABLE', message: expect.stringMatching(/chown .*--no-limits/s) })
  })

  test('has its output bounded', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { status, output } = await user.ask({ job: { command: ['seq', '1', '1000000'], outputMax: '64K' } })
    expect(status).toMatchObject({ outputBytes: 6_888_896, outputDroppedBytes: 6_888_896 - 65_536 })
    expect(output).toMatch(/^1\n2\n3\n.*\[corral: 6823360 bytes of output were dropped: outputMax\]\n.*\n1000000\n$/s)
  })

  test('runs, stops and kills jobs that have none', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { running, status, spec } = await user.ask({ job: { command: family }, action: 'stop' })
    expect(running).toMatchObject({ state: 'active', usage: null })
    expect(status).toMatchObject({ state: 'stopped', usage: null })
    expect(spec).toMatchObject({ cgroups: null, place: { mode: 'none' } })
    expect((await user.ask({ job: { command: family }, action: 'kill' })).status.state).toBe('signaled')
    expect((await user.ask({ job: { command: family }, action: 'freeze' })).error).toMatchObject({
      code: 'CONTROL_FAILED',
    })
    // The launcher found no place before, and looks again for who needs one.
    expect((await user.ask({ job: { noLimits: false } })).error).toMatchObject({ code: 'CGROUP_UNAVAILABLE' })
  })
})
