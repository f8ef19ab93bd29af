import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { probe } from '../support/probe.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

describe('init', () => {
  test('is PID 1, and the command its child', async ({ runner }) => {
    const { pid, ppid } = await probe(runner)
    expect(pid).toBeGreaterThan(1)
    expect(ppid).toBe(1)
  })

  test('lets SIGTERM end a command that does not handle it', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; while :; do :; done') })
    await runner.kill(name, 'SIGTERM')
    expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal: 'SIGTERM', exitStatus: null })
  })

  test('lets a command end itself by a signal', async ({ runner }) => {
    const { status } = await runJob(runner, { command: sh('kill -TERM $$') })
    expect(status).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
  })

  test('survives every signal that the job sends it', async ({ runner }) => {
    const { output, status } = await runJob(runner, { command: [program('signal-init')] })
    expect(output).toBe('parent 1\n')
    expect(status).toMatchObject({ state: 'exited', exitStatus: 7 })
  })

  test('is reached by a runner, with a job of its own user that leaves no room for signals', async ({ runner }) => {
    const flooding = await startReady(runner, { command: [program('flood-init')], user: process.geteuid!() })
    const beside = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    for (let i = 0; i < 50; i++) {
      await runner.kill(beside, 'SIGCONT')
      await runner.kill(flooding, 'SIGCONT')
    }
    await runner.kill(flooding, 'SIGTERM')
    expect(await runner.wait(flooding)).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
    await runner.stop(beside)
  })

  test('cannot be limited or slowed down by a job of its own user', async ({ runner }) => {
    const limit = { command: [program('limit-init')] }
    // As the system calls would have it, without a filter for them.
    const control = await runJob(runner, { ...limit, isolation: { profile: 'none' }, user: 'root' })
    expect(control.output).toMatch(/^child: limited, slowed\ninit: limited, slowed\n/)
    for (const isolation of ['standard', 'strict'] as const) {
      const { output } = await runJob(runner, { ...limit, isolation, user: 'root' })
      expect(output).toBe('child: limited, slowed\ninit: refused, refused\nhigh: refused, refused\n')
    }
  })

  test('cannot be made the first to be killed for memory by a job of root', async ({ runner }) => {
    const command = sh(
      'for pid in self 1; do echo 500 2>&1 >/proc/$pid/oom_score_adj; cat /proc/$pid/oom_score_adj; done',
    )
    const control = await runJob(runner, { command, isolation: 'none' })
    expect(control.output).toBe('500\n500\n')
    expect((await runJob(runner, { command })).output).toMatch(/^500\n.*Read-only file system\n0\n$/)
  })

  test('cannot be traced or read by a job of root', async ({ runner }) => {
    expect(await probe(runner)).toMatchObject({
      initPtrace: 'EPERM',
      initDescriptor: 'EPERM',
      initMemory: 'EACCES',
      initRoot: 'EACCES',
      initNamespace: 'EACCES',
    })
  })

  test('and the launcher do not talk to a job of root that finds the socket', async ({ runner }) => {
    const socket = `${runner.storageRoot}/launcher.sock`
    const command = [program('knock'), socket]
    expect((await runJob(runner, { command, isolation: 'none' })).output).toBe('refused\n')
    expect((await runJob(runner, { command, isolation: 'none', user: 'nobody' })).output).toBe('no connection\n')
    expect((await runJob(runner, { command })).output).toBe('no connection\n')
    const { stdout } = await promisify(execFile)(program('knock'), [socket])
    expect(stdout).toBe('answered\n')
  })

  // Linux 6.13 and later show environ and maps to whoever may monitor performance, as root may (fs/proc/base.c).
  test('has no environment', async ({ runner }) => {
    const { initEnvironment } = await probe(runner)
    expect(initEnvironment).toMatch(/^(EACCES|EPERM|\0*)$/)
  })

  test('reaps what the command has left behind', async ({ runner }) => {
    const name = await startReady(runner, { command: sh(`(sh -c 'exec sleep 0' &); echo ready; exec sleep 1000`) })
    const { pid } = await runner.status(name)
    await eventually(async () => {
      expect(await childrenOf(await parentOf(pid!))).toEqual([pid])
    })
  })
})

/** The parent of a process, as the host sees it. */
async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)
}
