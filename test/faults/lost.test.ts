import { join } from 'node:path'

import { expect } from 'vitest'

import { eventually, test } from '../support/test.ts'
import { expectNoRemains, isRunning, killHard, launcherOf, markOf, parentOf } from './host.ts'
import { Program } from './program.ts'

const forever = ['/bin/sh', '-c', 'sleep 1000 & sleep 1000']

test('kill -9 of init: the job is lost, and all of it has ended', async ({ runner }) => {
  const name = await runner.start({ command: forever, env: markOf(runner.storageRoot) })
  const { pid } = await runner.status(name)
  const waiting = runner.wait(name)
  killHard(parentOf(pid!))
  const lost = { state: 'lost', active: false, exitStatus: null, signal: null, usage: null, pid: null }
  expect(await waiting).toMatchObject(lost)
  expect(await runner.status(name)).toMatchObject(lost)
  expect(isRunning(pid!)).toBe(false)
  await expectNoRemains(runner.storageRoot, async () => [name])
  expect(await runner.stop(name)).toMatchObject(lost)
})

test('kill -9 of init and of the launcher while no runner is there: the next one finds that the job is lost', async ({
  openRunner,
}) => {
  const first = await openRunner({ onExit: 'keep' })
  const name = await first.start({ command: forever, env: markOf(first.storageRoot) })
  const { pid } = await first.status(name)
  await first.close()
  killHard(await launcherOf(first.storageRoot))
  killHard(parentOf(pid!))
  const second = await openRunner({ onExit: 'keep' })
  await eventually(async () => expect((await second.status(name)).state).toBe('lost'))
  await expectNoRemains(first.storageRoot, async () => [name])
  // Through the next launcher, which then removes where the jobs lived.
  expect(await second.start({ command: ['true'] })).toBeTruthy()
  await second.stop(name)
})

test('kill -9 of the command alone is an outcome like any other', async ({ runner }) => {
  const name = await runner.start({ command: forever, env: markOf(runner.storageRoot) })
  killHard((await runner.status(name)).pid!)
  expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal: 'SIGKILL', oom: false })
  await expectNoRemains(runner.storageRoot, async () => [name])
})

test("kill -9 of Node with onExit 'kill': a running job and an ended one go with it", async ({ folder }) => {
  const root = join(folder, 'root')
  await using owner = Program.run('owner.ts', ['--root', root, '--onExit', 'kill'])
  const pid = Number(await owner.until('running'))
  expect(isRunning(pid)).toBe(true)
  await owner.kill()
  await expectNoRemains(root)
  expect(isRunning(pid)).toBe(false)
})

test("kill -9 of Node with onExit 'keep': a running job goes on, and is another runner's to wait for", async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  await using owner = Program.run('owner.ts', ['--root', root, '--onExit', 'keep'])
  const pid = Number(await owner.until('running'))
  await owner.kill()
  const runner = await openRunner({ onExit: 'keep' })
  expect(await runner.status('running')).toMatchObject({ state: 'active', pid })
  expect(await runner.wait('ended')).toMatchObject({ state: 'exited', exitStatus: 9 })
  const waiting = runner.wait('running')
  await runner.kill('running', 'SIGUSR1')
  expect(await waiting).toMatchObject({ state: 'exited', exitStatus: 6 })
  await expectNoRemains(root, async () => ['ended', 'running'])
})

test("a runner's own end, with onExit 'kill', leaves the jobs of others alone", async ({ folder, openRunner }) => {
  const root = join(folder, 'root')
  const runner = await openRunner()
  const name = await runner.start({ command: forever, env: markOf(root) })
  await using owner = Program.run('owner.ts', ['--root', root, '--onExit', 'kill'])
  await owner.until('running')
  expect((await runner.list()).map((job) => job.name).toSorted()).toEqual([name, 'ended', 'running'].toSorted())
  await owner.kill()
  await eventually(async () => expect((await runner.list()).map((job) => job.name)).toEqual([name]))
  expect((await runner.status(name)).state).toBe('active')
})
