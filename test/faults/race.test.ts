import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { LauncherProcess } from '../launcher/launcher-process.ts'
import { slowness } from '../support/eventually.ts'
import { eventually, placesOf, test } from '../support/test.ts'
import { expectNoRemains, inMachine, launcherOf, launcherProcesses, rounds } from './host.ts'
import { expectedEnd, foundEnd } from './outcome.ts'
import { Program } from './program.ts'

const many = inMachine ? 6 : 20

test(`${many} processes open one storage root and start a job at once: one launcher serves them all`, async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  const starters = Array.from({ length: many }, (_, index) =>
    Program.run('starter.ts', [
      '--root',
      root,
      '--prefix',
      `p${index}`,
      '--count',
      '3',
      '--lanes',
      '2',
      '--onExit',
      'keep',
    ]),
  )
  try {
    await Promise.all(starters.map(async (starter) => starter.until('ready')))
    for (const starter of starters) starter.tell('go')
    await Promise.all(starters.map(async (starter) => starter.until('done')))
    expect(starters.flatMap((starter) => starter.said('refused'))).toEqual([])
    const started = starters.flatMap((starter) => starter.said('started'))
    expect(started).toHaveLength(many * 3)
    expect((await launcherProcesses(root)).launchers).toHaveLength(1)
    const runner = await openRunner({ onExit: 'keep' })
    const found = await Promise.all(started.map(async (name) => [name, foundEnd(await runner.wait(name))]))
    expect(found).toEqual(started.map((name) => [name, expectedEnd(name)]))
    await Promise.all(starters.map(async (starter) => starter.finish()))
    expect(await readFile(join(root, 'launcher.log'), 'utf8')).toBe('')
    await expectNoRemains(root, async () => started)
  } finally {
    await Promise.all(starters.map(async (starter) => starter[Symbol.asyncDispose]()))
  }
})

test('a launcher leaves once there is no job and no runner, with its socket and its cgroups', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  await using launcher = await LauncherProcess.start(root, 2000 * slowness)
  const runner = await openRunner({ onExit: 'keep' })
  await runner.start({ name: 'lasting', command: ['/bin/sh', '-c', 'read line; exit 1'] })
  const waiter = await openRunner({ onExit: 'keep' })
  expect((await waiter.wait('lasting')).exitStatus).toBe(1)
  expect(await launcherOf(root)).toBe(launcher.pid)
  expect((await placesOf(root)).length).toBeGreaterThan(0)
  await runner.close()
  await waiter.close()
  expect(await launcher.end).toBe(0)
  expect(launcher.stderr).toBe('')
  expect(await placesOf(root)).toEqual([])
  await expect(access(join(root, 'launcher.sock'))).rejects.toMatchObject({ code: 'ENOENT' })
  await eventually(async () => expect(await launcherProcesses(root)).toEqual({ launchers: [], inits: [] }))
})

test('a launcher stays for a job that runs while no runner is there', async ({ folder, openRunner }) => {
  const root = join(folder, 'root')
  const idleMs = 100 * slowness
  await using launcher = await LauncherProcess.start(root, idleMs)
  const runner = await openRunner({ onExit: 'keep' })
  await runner.start({ name: 'lasting', command: ['sleep', String((3 * idleMs) / 1000)] })
  await runner.close()
  expect(await launcher.end).toBe(0)
  const left = new Date()
  const late = await openRunner({ onExit: 'keep' })
  const { state, finishedAt } = await late.status('lasting')
  expect(state).toBe('exited')
  expect(left.getTime() - finishedAt!.getTime()).toBeGreaterThanOrEqual(idleMs - 1)
})

test('a runner that comes just when the launcher leaves is served', async ({ folder, openRunner }) => {
  for (let round = 0; round < rounds(10); round++) {
    const root = join(folder, `root-${round}`)
    const launcher = await LauncherProcess.start(root, round)
    const runner = await openRunner({ storageRoot: root })
    const name = await runner.start({ command: ['/bin/sh', '-c', `exit ${round}`] })
    expect((await runner.wait(name)).exitStatus).toBe(round)
    await runner.close()
    await expectNoRemains(root)
    expect(await launcher.end).toBe(0)
    await launcher[Symbol.asyncDispose]()
  }
})
