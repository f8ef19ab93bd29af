import { execFileSync } from 'node:child_process'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { JobConfig } from '@corral/runner'
import { expect } from 'vitest'

import { skipTest } from '../support/skip.ts'
import { eventually, jobCgroups, test } from '../support/test.ts'
import { failure } from './failure.ts'
import { countDescriptors, expectNoRemains, inMachine, launcherOf, launcherProcesses, markOf, rounds } from './host.ts'
import { commandOf, expectedEnd, foundEnd, nameOf } from './outcome.ts'
import { Program } from './program.ts'

/** A start that cannot work: what is asked, below a folder, and how it is refused. */
interface Refusal {
  what: string
  config: (folder: string) => JobConfig
  error: object
}

const refusals: Refusal[] = [
  {
    what: 'a command that is not in the PATH',
    config: () => ({ command: ['corral-no-such-command'] }),
    error: { code: 'COMMAND_NOT_FOUND', syscall: 'exec', path: 'corral-no-such-command', errno: 'ENOENT' },
  },
  {
    what: 'a command that is not there',
    config: (folder) => ({ command: [join(folder, 'missing')] }),
    error: { code: 'COMMAND_NOT_FOUND', syscall: 'exec', errno: 'ENOENT' },
  },
  {
    what: 'a command that may not be executed',
    config: (folder) => ({ command: [join(folder, 'plain')] }),
    error: { code: 'COMMAND_NOT_EXECUTABLE', syscall: 'exec', errno: 'EACCES' },
  },
  {
    what: 'a command that is a folder',
    config: (folder) => ({ command: [folder] }),
    error: { code: 'COMMAND_NOT_EXECUTABLE', errno: 'EACCES' },
  },
  {
    what: 'a working directory that is not there',
    config: (folder) => ({ command: ['true'], cwd: join(folder, 'missing') }),
    error: { code: 'CWD_UNUSABLE', syscall: 'cwd', errno: 'ENOENT' },
  },
  {
    what: 'a working directory that is a file',
    config: (folder) => ({ command: ['true'], cwd: join(folder, 'plain') }),
    error: { code: 'CWD_UNUSABLE', errno: 'ENOTDIR' },
  },
  {
    what: 'arguments that are too long for the kernel',
    config: () => ({ command: ['true', 'x'.repeat(200_000)] }),
    error: { code: 'COMMAND_NOT_EXECUTABLE', errno: 'E2BIG' },
  },
]

test('a start that is refused says why and leaves nothing, however often', async ({ folder, openRunner }) => {
  await writeFile(join(folder, 'plain'), '')
  const runner = await openRunner()
  await runner.stop(await runner.start({ command: ['true'] }))
  const pid = await launcherOf(runner.storageRoot)
  const spareIsThere = async (): Promise<void> => {
    await eventually(async () => expect((await launcherProcesses(runner.storageRoot)).inits).toHaveLength(1))
  }
  await spareIsThere()
  const before = await countDescriptors(pid)
  for (let round = 0; round < rounds(10); round++) {
    const attempts = refusals.map(async ({ what, config, error }) => {
      const start = runner.start({ ...config(folder), env: markOf(runner.storageRoot) })
      expect({ what, ...(await failure(start)) }).toMatchObject({ what, name: 'CorralError', ...error })
    })
    await Promise.all(attempts)
  }
  await expectNoRemains(runner.storageRoot)
  await spareIsThere()
  await eventually(async () => expect(await countDescriptors(pid)).toBe(before))
})

test('a name is taken by one of many who want it at once, in one process and in several', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  const runners = await Promise.all([openRunner(), openRunner(), openRunner()])
  for (let round = 0; round < rounds(10); round++) {
    const name = `wanted:${round}`
    const starts = runners.flatMap((runner) =>
      [0, 1, 2].map(async () => runner.start({ name, command: ['sleep', '1000'] })),
    )
    const results = await Promise.allSettled(starts)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ name: 'JobNameTakenError', jobName: name })
    }
    expect((await runners[0].status(name)).state).toBe('active')
    // It is taken after its end as well, and free once it is removed.
    await runners[1].kill(name, 'SIGKILL')
    await runners[1].wait(name)
    await expect(runners[2].start({ name, command: ['true'] })).rejects.toMatchObject({ name: 'JobNameTakenError' })
    await runners[2].stop(name)
  }
  await expectNoRemains(root)
})

/** In the virtual machine, fewer. */
const crowd = inMachine ? 50 : 200

test(`${crowd} jobs at once: all run, and each has its own outcome and output`, async ({ runner }) => {
  const names = Array.from({ length: crowd }, (_, index) => nameOf('crowd', index))
  const env = markOf(runner.storageRoot)
  const ends = await Promise.all(
    names.map(async (name) => {
      expect(await runner.start({ name, command: commandOf(name), env })).toBe(name)
      return [name, foundEnd(await runner.wait(name)), await new Response(runner.output(name)).text()]
    }),
  )
  expect(ends).toEqual(names.map((name) => [name, expectedEnd(name), `${name}\n`]))
  await expectNoRemains(runner.storageRoot, async () => names)
})

test(`${crowd} jobs that run at the same time, then end at once`, async ({ folder, runner }) => {
  const go = join(folder, 'go')
  // A job waits in the opening of a pipe until somebody writes.
  execFileSync('mkfifo', [go])
  const names = Array.from({ length: crowd }, (_, index) => `crowd:${index}`)
  const env = markOf(runner.storageRoot)
  await Promise.all(
    names.map(async (name, index) =>
      runner.start({ name, command: ['/bin/sh', '-c', `: <${go}; exit ${index}`], env }),
    ),
  )
  expect((await runner.list()).filter(({ state }) => state === 'active')).toHaveLength(crowd)
  const tracked = new Set(
    (await jobCgroups(runner.storageRoot)).map((path) => path.replace(/\/$/, '').split('/').at(-1)),
  )
  expect(tracked.size).toBe(crowd)
  // Held open for writing until all have come through.
  await using writer = await open(go, 'r+')
  const ends = await Promise.all(names.map(async (name) => (await runner.wait(name)).exitStatus))
  expect(ends).toEqual(names.map((_, index) => index))
  expect(writer.fd).toBeGreaterThan(0)
  await expectNoRemains(runner.storageRoot, async () => names)
})

test('cgroups that may not be written: the start is refused with what to do, and nothing is left', async ({
  folder,
  skip,
}) => {
  if (process.geteuid!() !== 0) {
    skipTest(skip, { what: 'cgroups that are read-only', why: 'only root may mount', unskip: 'run the tests as root' })
  }
  const root = join(folder, 'root')
  await mkdir(root, { mode: 0o700 })
  // As in a container: the cgroups are there, and read-only.
  const script =
    'awk \'$3 ~ /^cgroup/ { print $2 }\' /proc/mounts | while read -r point; do mount -o remount,bind,ro "$point"; done; exec "$@"'
  const readOnly = ['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', script, 'sh']
  await using starter = Program.run(
    'starter.ts',
    ['--root', root, '--prefix', 'r', '--count', '2', '--lanes', '1'],
    readOnly,
  )
  await starter.until('ready')
  starter.tell('go')
  await starter.until('done')
  const refused = starter.said('refused')
  expect(refused).toHaveLength(2)
  for (const line of refused) expect(line).toMatch(/ CGROUP_UNAVAILABLE .*(EROFS|read-only|may not)/i)
  expect(await readdir(join(root, 'jobs'))).toEqual([])
  await starter.finish()
})
