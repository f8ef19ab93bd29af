import { readFile } from 'node:fs/promises'

import { InvalidOptionError, JobEndedError, type Signal } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readText, runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, jobCgroups, test } from '../support/test.ts'

describe('kill', () => {
  test.for(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGKILL'] as const)(
    'ends a job by %s',
    async (signal, { runner }) => {
      const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
      await runner.kill(name, signal)
      expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal, exitStatus: null })
    },
  )

  test('reaches a handler of the command', async ({ runner }) => {
    const script = 'trap "echo usr1" USR1; trap "echo term; exit 9" TERM; echo ready; while :; do sleep 0.01; done'
    const name = await startReady(runner, { command: sh(script) })
    await runner.kill(name, 'SIGUSR1')
    await untilOutput(runner, name, 'usr1\n')
    await runner.kill(name, 'SIGTERM')
    expect(await runner.wait(name)).toMatchObject({ state: 'exited', exitStatus: 9 })
    expect(await readText(runner, name)).toBe('ready\nusr1\nterm\n')
  })

  test('leaves a job that ignores SIGTERM running', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('trap "" TERM; trap "echo hup" HUP; echo ready; while :; do sleep 0.01; done'),
    })
    await runner.kill(name, 'SIGTERM')
    await runner.kill(name, 'SIGHUP')
    await untilOutput(runner, name, 'hup\n')
    expect((await runner.status(name)).active).toBe(true)
  })

  test('by SIGKILL ends all that the command has forked', async ({ runner }) => {
    const name = await runner.start({ command: [program('fork-many'), '30'] })
    await untilOutput(runner, name, '30 all\n')
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
  })

  test('stops the command and lets it go on', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; while :; do :; done') })
    const { pid } = await runner.status(name)
    await runner.kill(name, 'SIGSTOP')
    await eventually(async () => expect(await stateOf(pid!)).toBe('T'))
    expect((await runner.status(name)).state).toBe('active')
    await runner.kill(name, 'SIGCONT')
    await eventually(async () => expect(await stateOf(pid!)).toBe('R'))
  })

  test('by SIGKILL ends a command that is stopped', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; kill -STOP $$') })
    const { pid } = await runner.status(name)
    await eventually(async () => expect(await stateOf(pid!)).toBe('T'))
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ signal: 'SIGKILL' })
  })

  test('of a job that has ended says so', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['true'] })
    await expect(runner.kill(name, 'SIGTERM')).rejects.toThrow(JobEndedError)
    await expect(runner.kill(name, 'SIGKILL')).rejects.toMatchObject({ jobName: name })
  })

  test('refuses a signal that there is none of', async ({ runner }) => {
    for (const signal of ['TERM', 'SIGNONE', 15, undefined]) {
      await expect(runner.kill('any', signal as Signal)).rejects.toThrow(InvalidOptionError)
    }
  })
})

async function stateOf(pid: number): Promise<string | undefined> {
  return /^State:\s*(\w)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
}
