import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { type Result, test } from './corral.ts'

describe("the job's own", () => {
  test.for([
    [0, ['true']],
    [1, ['false']],
    [7, ['sh', '-c', 'exit 7']],
    [143, ['sh', '-c', 'kill -TERM $$']],
    [139, ['sh', '-c', 'kill -SEGV $$']],
  ] as const)('%i for %j', async ([exitStatus, command], { corral }) => {
    expect(await corral.run('run', '--', ...command)).toEqual({ exitStatus, stdout: '', stderr: '' })
    expect(await corral.names()).toEqual([])
  })
})

describe('ours', () => {
  test('124 when time ran out', async ({ corral }) => {
    const { exitStatus, stderr } = await corral.run('run', '--name', 'slow', '--timeout', '200ms', 'sleep', '1000')
    expect({ exitStatus, stderr }).toEqual({
      exitStatus: 124,
      stderr: 'corral: slow ran out of time (timeout 200ms)\n',
    })
  })

  test('124 and not the status that the job gave itself at the stop signal', async ({ corral }) => {
    const script = 'trap "echo asked; exit 3" INT; while :; do sleep 0.1; done'
    const { exitStatus, stdout } = await corral.run(
      'run',
      '--timeout',
      '300ms',
      '--stop-signal',
      'INT',
      'sh',
      '-c',
      script,
    )
    expect({ exitStatus, stdout }).toEqual({ exitStatus: 124, stdout: 'asked\n' })
  })

  test('125 for a limit that is not understood, with the name it has here', async ({ corral }) => {
    const { exitStatus, stderr } = await corral.run('run', '--memory-max', '64Q', 'true')
    expect({ exitStatus, stderr }).toEqual({
      exitStatus: 125,
      stderr: expect.stringMatching(/^corral: --memory-max: received '64Q'/),
    })
  })

  test('125 for a working directory that is not there', async ({ corral }) => {
    const { exitStatus, stderr } = await corral.run('run', '--workdir', '/no/such', 'true')
    expect({ exitStatus, stderr }).toEqual({ exitStatus: 125, stderr: expect.stringMatching(/^corral: .*\/no\/such/) })
  })

  test('125 for a storage root that cannot be made', async ({ corral }) => {
    const { exitStatus, stderr } = await corral.run('run', '--storage-root', '/dev/null/corral', 'true')
    expect({ exitStatus, stderr }).toEqual({
      exitStatus: 125,
      stderr: expect.stringMatching(/^corral: .*\/dev\/null\/corral/),
    })
  })

  test('125 for a name that is taken', async ({ corral }) => {
    await corral.detach('--name', 'web', 'true')
    const { exitStatus, stderr } = await corral.run('run', '--name', 'web', 'true')
    expect({ exitStatus, stderr }).toEqual({
      exitStatus: 125,
      stderr: expect.stringMatching(/^corral: a job named 'web' exists/),
    })
  })

  test('126 for what is not executable, 127 for what is not there', async ({ corral }) => {
    expect(await corral.run('run', '/etc/passwd')).toMatchObject({
      exitStatus: 126,
      stderr: expect.stringContaining('/etc/passwd'),
    })
    expect(await corral.run('run', '/no/such')).toMatchObject({
      exitStatus: 127,
      stderr: expect.stringContaining('/no/such'),
    })
    expect(await corral.run('run', 'no-such-command')).toMatchObject({
      exitStatus: 127,
      stderr: expect.stringContaining('no-such-command'),
    })
    expect(await corral.names()).toEqual([])
  })
})

test('memory that ran out is said in one line', async ({ corral }) => {
  const command = [process.execPath, '-e', 'const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1))']
  const { exitStatus, stderr } = await corral.run(
    'run',
    '-v',
    process.execPath,
    '--name',
    'fat',
    '--memory-max',
    '128M',
    '--',
    ...command,
  )
  expect({ exitStatus, stderr }).toEqual({
    exitStatus: 137,
    stderr: 'corral: fat was killed for memory (memory-max 128M)\n',
  })
})

test('the current directory is there in the job, wherever it is', async ({ corral }) => {
  const folder = await mkdtemp('/tmp/corral-cli-')
  try {
    // In strict the job has a user of its own.
    await chmod(folder, 0o755)
    await writeFile(join(folder, 'tool'), '#!/bin/sh\npwd\n', { mode: 0o755 })
    const run = async (...options: string[]): Promise<Result> =>
      corral.shell(`cd ${folder} && corral run ${options.join(' ')} -- ./tool`)
    for (const options of [[], ['--isolation', 'strict'], ['--isolation', 'none'], ['--root', 'overlay']])
      expect(await run(...options)).toEqual({ exitStatus: 0, stdout: `${folder}\n`, stderr: '' })
    for (const [options, exitStatus] of [
      [['--workdir', folder], 125],
      [['--workdir', '/', '--', join(folder, 'tool')], 127],
    ] as const) {
      const refused = await run(...options)
      expect(refused).toMatchObject({ exitStatus, stderr: expect.stringMatching(/\/tmp.* of its own.*--mount/) })
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
