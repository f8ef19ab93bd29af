import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { type Corral, test } from './corral.ts'

/** A job that prints `one`, waits for the gate, and prints `two`. */
async function startGated(corral: Corral, ...options: string[]): Promise<{ name: string; open: () => Promise<void> }> {
  const gate = join(corral.folder, 'gate')
  execFileSync('mkfifo', [gate])
  const name = await corral.detach(...options, '--', 'sh', '-c', `echo one; read x < ${gate}; echo two; exit 5`)
  return { name, open: () => writeFile(gate, 'go\n') }
}

test('a detached job prints its name alone, outlives the command, and is followed from elsewhere', async ({
  corral,
}) => {
  const { name, open } = await startGated(corral)
  expect(name).toMatch(/^job\.[0-9a-f]{8}-[0-9a-f-]{27}$/)
  const followers = [corral.start('logs', '-f', name), corral.start('logs', '--follow', '--tail', '1', name)]
  const late = corral.start('wait', name)
  for (const follower of followers) await follower.until(/^one\n$/)
  expect((await corral.run('logs', name)).stdout).toBe('one\n')
  await open()
  for (const { end } of followers) expect(await end).toEqual({ exitStatus: 0, stdout: 'one\ntwo\n', stderr: '' })
  expect(await late.end).toEqual({ exitStatus: 5, stdout: '5\n', stderr: '' })
  expect(await corral.run('wait', name)).toEqual({ exitStatus: 5, stdout: '5\n', stderr: '' })
  expect((await corral.run('logs', '-n', '1', name)).stdout).toBe('two\n')
  expect((await corral.run('logs', '-n', '0', name)).stdout).toBe('')
})

test('wait takes many, and says which are not there', async ({ corral }) => {
  await corral.detach('--name', 'a', 'true')
  await corral.detach('--name', 'b', 'sh', '-c', 'kill -KILL $$')
  expect(await corral.run('wait', 'b', 'a')).toEqual({ exitStatus: 0, stdout: '137\n0\n', stderr: '' })
  expect(await corral.run('wait', 'b', 'none')).toMatchObject({
    exitStatus: 125,
    stdout: '137\n',
    stderr: expect.stringContaining("no job 'none'"),
  })
})

describe('stop', () => {
  test('asks, and keeps the output until rm', async ({ corral }) => {
    await corral.detach(
      '--name',
      'web',
      '--',
      'sh',
      '-c',
      'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done',
    )
    await corral.start('logs', '-f', 'web').until(/up/)
    expect(await corral.run('stop', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
    expect((await corral.run('logs', 'web')).stdout).toBe('up\nbye\n')
    expect((await corral.run('status', 'web')).stdout).toMatch(/^state +stopped \(exit status 0\)$/m)
    expect(await corral.run('stop', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
    expect(await corral.run('rm', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
    expect(await corral.run('logs', 'web')).toMatchObject({
      exitStatus: 125,
      stderr: expect.stringContaining("no job 'web'"),
    })
  })

  test('kills what ignores it when the grace is over', async ({ corral }) => {
    await corral.detach('--name', 'deaf', '--', 'sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done')
    await corral.start('logs', '-f', 'deaf').until(/up/)
    expect((await corral.run('stop', '--grace', '200ms', 'deaf')).exitStatus).toBe(0)
    expect((await corral.run('wait', 'deaf')).stdout).toBe('137\n')
  })

  test('uses the signal that it is told to', async ({ corral }) => {
    const script = 'trap "exit 9" USR1; echo up; while :; do sleep 0.05; done'
    await corral.detach('--name', 'web', '--', 'sh', '-c', script)
    await corral.start('logs', '-f', 'web').until(/up/)
    await corral.run('stop', '-s', 'usr1', 'web')
    expect((await corral.run('wait', 'web')).stdout).toBe('9\n')
  })
})

test('kill sends a signal', async ({ corral }) => {
  await corral.detach('--name', 'web', '--', 'sh', '-c', 'trap "echo hup" HUP; echo up; while :; do sleep 0.05; done')
  const logs = corral.start('logs', '-f', 'web')
  await logs.until(/up/)
  expect(await corral.run('kill', '-s', 'HUP', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
  await logs.until(/hup/)
  await corral.run('kill', 'web')
  expect((await corral.run('wait', 'web')).stdout).toBe('137\n')
  expect(await corral.run('kill', 'web')).toMatchObject({
    exitStatus: 125,
    stderr: expect.stringMatching(/web.*has ended/),
  })
})

test('rm refuses what runs, unless forced, and does the rest', async ({ corral }) => {
  await corral.detach('--name', 'busy', 'sleep', '1000')
  await corral.detach('--name', 'done', 'true')
  await corral.run('wait', 'done')
  const { exitStatus, stdout, stderr } = await corral.run('rm', 'busy', 'done', 'none')
  expect({ exitStatus, stdout }).toEqual({ exitStatus: 125, stdout: 'done\n' })
  expect(stderr).toMatch(/^corral: busy is running: .*rm -f'?\)?\ncorral: no job 'none'/)
  expect(await corral.run('rm', '-f', 'busy')).toMatchObject({ exitStatus: 0 })
  expect(await corral.names()).toEqual([])
})

test('a job is known by any beginning of its name that is its alone', async ({ corral }) => {
  const name = await corral.detach('sleep', '1000')
  await corral.detach('--name', 'web-1', 'sleep', '1000')
  await corral.detach('--name', 'web-2', 'sleep', '1000')
  for (const typed of [name, name.slice(0, 12), name.slice(4, 12)]) {
    expect((await corral.run('inspect', typed)).stdout).toContain(`"name": "${name}"`)
  }
  expect(await corral.run('stop', 'web')).toEqual({
    exitStatus: 125,
    stdout: '',
    stderr: "corral: 'web' could be any of 2 jobs:\n  web-1\n  web-2\n",
  })
})
