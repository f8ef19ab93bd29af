import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { test } from './corral.ts'

test('output arrives as it is written, stdout and stderr alike', async ({ corral }) => {
  const gate = join(corral.folder, 'gate')
  execFileSync('mkfifo', [gate])
  const running = corral.start('run', '--', 'sh', '-c', `echo one; echo two >&2; read x < ${gate}; printf three`)
  await running.until(/^one\ntwo\n$/)
  await writeFile(gate, 'go\n')
  expect(await running.end).toEqual({ exitStatus: 0, stdout: 'one\ntwo\nthree', stderr: '' })
})

test('the job has what it was given and nothing of ours', async ({ corral }) => {
  const words = ['run', '--env', 'A=1', '-e', 'B=x=y', '--', 'sh', '-c', 'pwd; echo $A $B $CORRAL_STORAGE_ROOT.; cat']
  expect(await corral.run(...words)).toEqual({ exitStatus: 0, stdout: `${corral.folder}\n1 x=y .\n`, stderr: '' })
  expect((await corral.run('run', '-w', '/usr', 'pwd')).stdout).toBe('/usr\n')
  expect((await corral.run('run', '-w', '..', 'pwd')).stdout).toBe(`${join(corral.folder, '..')}\n`)
})

test.skipIf(process.getuid!() !== 0)('the job runs as whom it is told to', async ({ corral }) => {
  expect((await corral.run('run', '--user', 'nobody', '-w', '/', 'id', '-un')).stdout).toBe('nobody\n')
  expect((await corral.run('run', '-u', '1234', '-g', '77', '-w', '/', 'sh', '-c', 'id -u; id -g')).stdout).toBe(
    '1234\n77\n',
  )
})

test('much output is all there, and a slow reader slows nobody but itself down', async ({ corral }) => {
  const gate = join(corral.folder, 'gate')
  execFileSync('mkfifo', [gate])
  const reading = corral.shell(`corral run --name fast head -c 20000000 /dev/zero | (read x < ${gate}; wc -c)`)
  // The job has ended while its output is still stuck in the pipe.
  await expect
    .poll(async () => (await corral.run('ps', '-aq', '--filter', 'state=exited')).stdout, { timeout: 60_000 })
    .toBe('fast\n')
  await writeFile(gate, 'go\n')
  const { stdout, exitStatus } = await reading
  expect({ exitStatus, stdout: stdout.trim() }).toEqual({ exitStatus: 0, stdout: '20000000' })
})

test('output goes to a file too, after what is there', async ({ corral }) => {
  const { stdout } = await corral.shell(`echo before > out; corral run echo job >> out; cat out`)
  expect(stdout).toBe('before\njob\n')
})

test("what follows the command, or --, is the job's, whatever it looks like", async ({ corral }) => {
  expect((await corral.run('run', 'echo', '--memory-max', '-d')).stdout).toBe('--memory-max -d\n')
  expect((await corral.run('run', '--pids-max=9', '--', 'echo', '--help', '--')).stdout).toBe('--help --\n')
  expect(await corral.run('run', '--', '--help')).toMatchObject({
    exitStatus: 127,
    stderr: expect.stringContaining('the command --help'),
  })
})

describe('a stdout that takes nothing', () => {
  test('because it is full ends the job, and is said', async ({ corral }) => {
    const { exitStatus, stderr } = await corral.shell('corral run yes > /dev/full')
    expect({ exitStatus, stderr }).toEqual({
      exitStatus: 125,
      stderr: 'corral: could not write to stdout: ENOSPC: no space left on device\n',
    })
    expect(await corral.names()).toEqual([])
  })

  test('because it is closed is nothing to a job that says nothing, or much', async ({ corral }) => {
    expect(await corral.shell('corral run sh -c "exit 3" >&-')).toMatchObject({ exitStatus: 3, stderr: '' })
    expect(await corral.shell('corral run sh -c "echo hi; exit 3" >&-')).toMatchObject({ exitStatus: 3, stderr: '' })
  })
})

describe('a reader that goes away', () => {
  test('ends the job quietly', async ({ corral }) => {
    const { exitStatus, stdout, stderr } = await corral.shell('corral run yes | head -n 1')
    expect({ exitStatus, stdout, stderr }).toEqual({ exitStatus: 141, stdout: 'y\n', stderr: '' })
    expect(await corral.names()).toEqual([])
  })

  test.for(['--help', 'ps -a', 'completion bash'])('ends %s quietly', async (words, { corral }) => {
    const { stderr } = await corral.shell(`(sleep 0.2; corral ${words}) | true`)
    expect(stderr).toBe('')
  })
})

describe('signals', () => {
  const announce = 'trap "echo got; exit 3" INT TERM HUP; echo ready; while :; do sleep 0.05; done'

  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is passed on', async (signal, { corral }) => {
    const running = corral.start('run', 'sh', '-c', announce)
    await running.until(/ready/)
    running.child.kill(signal)
    expect(await running.end).toEqual({ exitStatus: 3, stdout: 'ready\ngot\n', stderr: '' })
    expect(await corral.names()).toEqual([])
  })

  test('a signal that the job does not catch ends it', async ({ corral }) => {
    const running = corral.start('run', 'sh', '-c', 'echo ready; exec sleep 1000')
    await running.until(/ready/)
    running.child.kill('SIGTERM')
    expect(await running.end).toEqual({ exitStatus: 143, stdout: 'ready\n', stderr: '' })
  })

  test('the second one kills a job that will not end', async ({ corral }) => {
    const running = corral.start('run', 'sh', '-c', 'trap "echo no" INT; echo ready; while :; do sleep 0.05; done')
    await running.until(/ready/)
    running.child.kill('SIGINT')
    await running.until(/no/)
    running.child.kill('SIGINT')
    expect(await running.end).toMatchObject({ exitStatus: 137, stderr: '' })
    expect(await corral.names()).toEqual([])
  })
})

test('when corral is killed, its job goes with it', async ({ corral }) => {
  const running = corral.start('run', '--name', 'orphan', 'sh', '-c', 'echo ready; exec sleep 1000')
  await running.until(/ready/)
  const events = corral.start('events')
  running.child.kill('SIGKILL')
  await running.end
  expect((await corral.run('wait', 'orphan')).exitStatus).not.toBe(0)
  events.child.kill()
  await expect.poll(() => corral.names()).toEqual([])
})

test('a job that is removed from elsewhere ends the command that runs it', async ({ corral }) => {
  const running = corral.start('run', '--name', 'web', 'sh', '-c', 'echo ready; exec sleep 1000')
  await running.until(/ready/)
  expect(await corral.run('rm', '-f', 'web')).toMatchObject({ exitStatus: 0 })
  expect(await running.end).toEqual({ exitStatus: 137, stdout: 'ready\n', stderr: 'corral: web was stopped\n' })
})
