import { chmod, mkdir, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CorralError, InvalidOptionError, type JobConfig, JobNameTakenError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readText, runJob, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'

describe('a start', () => {
  test('gives a name with the prefix of the runner', async ({ openRunner }) => {
    const runner = await openRunner({ jobNamePrefix: 'build.' })
    expect(await runner.start({ command: ['true'] })).toMatch(/^build\.[0-9a-f-]{36}$/)
  })

  test('takes the name of the caller', async ({ runner }) => {
    expect(await runner.start({ name: 'mine', command: ['true'] })).toBe('mine')
    expect((await runner.wait('mine')).name).toBe('mine')
  })

  test('has come as far as exec when it resolves', async ({ runner }) => {
    const command = [program('eat-memory'), '1', 'hold']
    const { pid } = await runner.status(await runner.start({ command }))
    expect(await readlink(`/proc/${pid}/exe`)).toBe(command[0])
  })
})

describe('a start that fails', () => {
  test('says which command is missing', async ({ runner }) => {
    const path = '/nowhere/command'
    await expectRefused(runner.storageRoot, runner.start({ command: [path] }), {
      code: 'COMMAND_NOT_FOUND',
      syscall: 'exec',
      path,
      errno: 'ENOENT',
    })
  })

  test('says which command is not on the PATH', async ({ runner }) => {
    await expectRefused(runner.storageRoot, runner.start({ command: ['no-such-command'] }), {
      code: 'COMMAND_NOT_FOUND',
      path: 'no-such-command',
      errno: 'ENOENT',
    })
  })

  test('says which command is not executable', async ({ runner, folder }) => {
    const path = join(folder, 'file')
    await writeFile(path, 'text', { mode: 0o644 })
    await expectRefused(runner.storageRoot, runner.start({ command: [path] }), {
      code: 'COMMAND_NOT_EXECUTABLE',
      path,
      errno: 'EACCES',
    })
  })

  test('says which command is no program', async ({ runner, folder }) => {
    const path = join(folder, 'file')
    await writeFile(path, 'text')
    await chmod(path, 0o755)
    await expectRefused(runner.storageRoot, runner.start({ command: [path] }), {
      code: 'COMMAND_NOT_EXECUTABLE',
      path,
      errno: 'ENOEXEC',
    })
  })

  test('says that the command is a directory', async ({ runner, folder }) => {
    await expectRefused(runner.storageRoot, runner.start({ command: [folder] }), {
      code: 'COMMAND_NOT_EXECUTABLE',
      path: folder,
      errno: 'EACCES',
    })
  })

  test('says which interpreter of a script is missing', async ({ runner, folder }) => {
    const path = join(folder, 'script')
    await writeFile(path, '#!/nowhere/interpreter\n')
    await chmod(path, 0o755)
    await expectRefused(runner.storageRoot, runner.start({ command: [path] }), { code: 'COMMAND_NOT_FOUND', path })
  })

  test('says which working directory is missing', async ({ runner }) => {
    const cwd = '/nowhere/at/all'
    await expectRefused(runner.storageRoot, runner.start({ command: ['true'], cwd }), {
      code: 'CWD_UNUSABLE',
      path: cwd,
      errno: 'ENOENT',
    })
  })

  test('says that the working directory is a file', async ({ runner, folder }) => {
    const cwd = join(folder, 'file')
    await writeFile(cwd, '')
    await expectRefused(runner.storageRoot, runner.start({ command: ['true'], cwd }), {
      code: 'CWD_UNUSABLE',
      path: cwd,
      errno: 'ENOTDIR',
    })
  })

  test('says that the arguments are too long for the kernel', async ({ runner }) => {
    const command = ['true', 'x'.repeat(200_000)]
    await expectRefused(runner.storageRoot, runner.start({ command }), { errno: 'E2BIG' })
  })

  test('leaves the name free', async ({ runner }) => {
    await expect(runner.start({ name: 'again', command: ['no-such-command'] })).rejects.toThrow(CorralError)
    expect(await runner.start({ name: 'again', command: ['true'] })).toBe('again')
  })

  test('says that the name is taken, by a job that runs or has ended', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    await expect(runner.start({ name, command: ['true'] })).rejects.toThrow(JobNameTakenError)
    await runner.kill(name, 'SIGKILL')
    await runner.wait(name)
    await expect(runner.start({ name, command: ['true'] })).rejects.toMatchObject({ jobName: name })
    expect(await readText(runner, name)).toBe('ready\n')
    await runner.stop(name)
    expect(await runner.start({ name, command: ['true'] })).toBe(name)
  })

  test('lets one of many win a name', async ({ runner, openRunner }) => {
    const runners = [runner, await openRunner(), await openRunner()]
    const starts = runners.flatMap((each) =>
      [1, 2, 3].map(async () => each.start({ name: 'one', command: ['sleep', '1000'] })),
    )
    const results = await Promise.allSettled(starts)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(JobNameTakenError)
  })

  test('does not disturb those beside it', async ({ runner }) => {
    const starts = Array.from({ length: 20 }, async (_, index) => {
      if (index % 2 === 0) return runJob(runner, { command: ['echo', String(index)] })
      await expect(runner.start({ command: ['no-such-command'] })).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' })
      return undefined
    })
    const runs = (await Promise.all(starts)).filter((run) => run !== undefined)
    expect(runs.map(({ output }) => output).toSorted()).toEqual(
      [0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((n) => `${n}\n`).toSorted(),
    )
    expect(await runner.list()).toHaveLength(10)
  })
})

describe('an option that is not accepted', () => {
  const bad: [string, unknown][] = [
    ['command', []],
    ['command', ['']],
    ['command', 'true'],
    ['command', ['a\0b']],
    ['command', undefined],
    ['name', ''],
    ['name', '../up'],
    ['name', '.hidden'],
    ['name', 'with/slash'],
    ['name', 'x'.repeat(129)],
    ['name', 'cgroup.procs'],
    ['env', 'A=1'],
    ['env', { 'A=B': '1' }],
    ['env', { '': '1' }],
    ['cwd', 'relative'],
    ['cwd', ''],
    ['user', 'no-such-user'],
    ['user', -1],
    ['user', 4294967295],
    ['user', ''],
    ['group', 'no-such-group'],
    ['group', 1.5],
    ['labels', ['a']],
    ['timeoutMs', 0],
    ['timeoutMs', -1],
    ['timeoutMs', Number.NaN],
    ['timeoutMs', 2 ** 31],
    ['stopSignal', 'TERM'],
    ['stopSignal', 15],
    ['stopGraceMs', -1],
    ['shim', 'other'],
    ['memorymax', '64M'],
  ]

  test.for(bad)('%s: %j is named, with what is accepted, and nothing is made', async ([option, value], { runner }) => {
    const start = runner.start({ command: ['true'], [option]: value })
    const error = await start.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ option })
    expect((error as Error).message).toMatch(new RegExp(`^${option}: received .*; accepted: .+`, 's'))
    await expectNothingMade(runner.storageRoot)
  })

  test('of a variable or label names it', async ({ runner }) => {
    const config = { command: ['true'], env: { A: 1 } } as unknown as JobConfig
    await expect(runner.start(config)).rejects.toMatchObject({ option: 'env.A', received: 1 })
    const labelled = { command: ['true'], labels: { A: 1 } } as unknown as JobConfig
    await expect(runner.start(labelled)).rejects.toMatchObject({ option: 'labels.A', received: 1 })
  })
})

describe('a storage root', () => {
  test('is made, for its owner alone', async ({ openRunner, folder }) => {
    const runner = await openRunner({ storageRoot: join(folder, 'deep/er/root') })
    await runner.start({ command: ['true'] })
    expect((await stat(runner.storageRoot)).mode & 0o777).toBe(0o700)
    await runner.close()
  })

  test('that others may write is refused', async ({ openRunner, folder }) => {
    const storageRoot = join(folder, 'open')
    await mkdir(storageRoot)
    await chmod(storageRoot, 0o777)
    await expect(openRunner({ storageRoot })).rejects.toMatchObject({ code: 'STORAGE_UNUSABLE', path: storageRoot })
  })

  test('may be reached by a link and by a long path', async ({ openRunner, folder }) => {
    const real = join(folder, 'x'.repeat(100))
    await mkdir(real, { mode: 0o700 })
    await symlink(real, join(folder, 'link'))
    const runners = [await openRunner({ storageRoot: real }), await openRunner({ storageRoot: join(folder, 'link') })]
    const name = await runners[0]!.start({ command: ['echo', 'hello'] })
    expect(await readText(runners[1]!, name)).toBe('hello\n')
  })
})

/** The start fails so, and leaves nothing behind. */
async function expectRefused(storageRoot: string, start: Promise<string>, error: Partial<CorralError>): Promise<void> {
  const reason = await start.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(reason).toBeInstanceOf(CorralError)
  expect(reason).toMatchObject(error)
  expect((reason as Error).message).toMatch(/^could not .+: .+ \(E\w+\)/)
  await expectNothingMade(storageRoot)
}

/** At once, without waiting: a start that has been refused has cleaned up after itself. */
async function expectNothingMade(storageRoot: string): Promise<void> {
  expect(await readdir(join(storageRoot, 'jobs'))).toEqual([])
  expect(await jobCgroups(storageRoot)).toEqual([])
}
