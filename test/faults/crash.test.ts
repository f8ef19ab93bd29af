import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { CgroupRunner } from '@corral/runner'
import { expect } from 'vitest'

import { test } from '../support/test.ts'
import { expectNoRemains, inMachine, killHard, launcherOf, launcherProcesses, rounds } from './host.ts'
import { expectedEnd, foundEnd } from './outcome.ts'
import { Program } from './program.ts'

/** A program that starts jobs over a storage root until it is killed. */
async function launchStarter(
  root: string,
  prefix: string,
  onExit: 'kill' | 'keep',
  more: string[] = [],
): Promise<Program> {
  const starter = Program.run('starter.ts', ['--root', root, '--prefix', prefix, '--onExit', onExit, ...more])
  await starter.until('ready')
  starter.tell('go')
  return starter
}

/** Some moment while starts are under way: so many more have been acknowledged, and some milliseconds have passed. */
async function someMoment(starter: Program): Promise<void> {
  await starter.until('started', starter.said('started').length + 1 + Math.floor(Math.random() * 15))
  await delay(Math.random() * (inMachine ? 200 : 20))
}

/** Every job that was acknowledged is there with its true outcome, and so is every other that is there. */
async function expectTrueOutcomes(runner: CgroupRunner, starter: Program): Promise<void> {
  const started = starter.said('started')
  const refused = new Set(starter.said('refused').map((line) => line.split(' ')[0]))
  const listed = (await runner.list()).map(({ name }) => name)
  expect(listed).toEqual(expect.arrayContaining(started))
  expect(listed.filter((name) => refused.has(name))).toEqual([])
  const found = await Promise.all(listed.map(async (name) => [name, foundEnd(await runner.wait(name))]))
  expect(found).toEqual(listed.map((name) => [name, expectedEnd(name)]))
  for (const name of listed) expect((await readAll(runner, name)).trim()).toBe(name)
}

async function readAll(runner: CgroupRunner, name: string): Promise<string> {
  return new Response(runner.output(name)).text()
}

/** The folders that are there are those of the jobs that are known. */
async function expectOnlyKnown(runner: CgroupRunner): Promise<void> {
  await expectNoRemains(runner.storageRoot, async () => (await runner.list()).map(({ name }) => name))
}

async function stopAll(runner: CgroupRunner): Promise<void> {
  await Promise.all((await runner.list()).map(async ({ name }) => runner.stop(name)))
  await expectNoRemains(runner.storageRoot)
}

/** Has the launcher there be a runner that puts things in order, if there is need to. */
async function reopen(open: () => Promise<CgroupRunner>): Promise<CgroupRunner> {
  const runner = await open()
  await runner.start({ name: 'probe', command: ['true'] })
  await runner.stop('probe')
  return runner
}

for (const victim of ['Node', 'both'] as const) {
  test(`kill -9 of ${victim === 'both' ? 'Node and the launcher' : 'Node'}, jobs are kept: each has its true outcome`, async ({
    folder,
    openRunner,
  }) => {
    const root = join(folder, 'root')
    for (let round = 0; round < rounds(5); round++) {
      await using starter = await launchStarter(root, `r${round}`, 'keep')
      await someMoment(starter)
      // Either first, so that each of them sees the other go.
      if (victim === 'both' && round % 2 === 0) killHard(await launcherOf(root))
      await starter.kill()
      if (victim === 'both' && round % 2 === 1) killHard(await launcherOf(root))
      const runner = await reopen(async () => openRunner({ onExit: 'keep' }))
      // What was sent and not yet acknowledged may be starting still.
      await expectOnlyKnown(runner)
      await expectTrueOutcomes(runner, starter)
      await stopAll(runner)
      await runner.close()
    }
  })

  test(`kill -9 of ${victim === 'both' ? 'Node and the launcher' : 'Node'}, jobs are not kept: nothing is left`, async ({
    folder,
    openRunner,
  }) => {
    const root = join(folder, 'root')
    for (let round = 0; round < rounds(5); round++) {
      await using starter = await launchStarter(root, `r${round}`, 'kill')
      await someMoment(starter)
      if (victim === 'both' && round % 2 === 0) killHard(await launcherOf(root))
      await starter.kill()
      if (victim === 'both' && round % 2 === 1) killHard(await launcherOf(root))
      const runner = await reopen(async () => openRunner({ onExit: 'keep' }))
      await expectNoRemains(root)
      expect(await runner.list()).toEqual([])
      await runner.close()
    }
  })
}

for (const onExit of ['keep', 'kill'] as const) {
  test(`kill -9 of the launcher, again and again, under a runner of onExit '${onExit}': no start and no outcome is lost`, async ({
    folder,
    openRunner,
  }) => {
    const root = join(folder, 'root')
    await using starter = await launchStarter(root, 'r', onExit)
    for (let round = 0; round < rounds(10); round++) {
      await someMoment(starter)
      killHard(await launcherOf(root))
    }
    await starter.until('started', starter.said('started').length + 5)
    const runner = await openRunner({ onExit: 'keep' })
    await expectStillTrue(runner, starter, onExit)
  })
}

/** With its starter alive, whatever it has acknowledged is there; then it goes. */
async function expectStillTrue(runner: CgroupRunner, starter: Program, onExit: 'keep' | 'kill'): Promise<void> {
  const { storageRoot } = runner
  if (onExit === 'keep') {
    await starter.finish()
    await expectOnlyKnown(runner)
    await expectTrueOutcomes(runner, starter)
    return stopAll(runner)
  }
  const started = starter.said('started')
  const found = await Promise.all(started.map(async (name) => [name, foundEnd(await runner.wait(name))]))
  expect(found).toEqual(started.map((name) => [name, expectedEnd(name)]))
  await starter.finish()
  await expectNoRemains(storageRoot)
  expect(await readdir(join(storageRoot, 'jobs'))).toEqual([])
}

test('kill -9 of inits, at any time: a job has its true outcome or is lost, and a refused start leaves nothing', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  await using starter = await launchStarter(root, 'r', 'keep')
  let killed = 0
  for (let round = 0; round < rounds(25); round++) {
    await starter.until('started', starter.said('started').length + 1)
    await delay(Math.random() * (inMachine ? 100 : 10))
    const { inits } = await launcherProcesses(root)
    const init = inits[Math.floor(Math.random() * inits.length)]
    if (init === undefined) continue
    killHard(init)
    killed++
  }
  await starter.finish()
  const runner = await openRunner({ onExit: 'keep' })
  const refused = starter.said('refused').map((line) => line.split(' ')[0]!)
  const started = starter.said('started')
  const found = await Promise.all(started.map(async (name) => ({ name, end: foundEnd(await runner.wait(name)) })))
  const untrue = found.filter(({ name, end }) => end.state !== 'lost' && !same(end, expectedEnd(name)))
  expect(untrue).toEqual([])
  expect(found.filter(({ end }) => end.state === 'lost').length + refused.length).toBeLessThanOrEqual(killed)
  await expectNoRemains(root, async () => started)
  await stopAll(runner)
})

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
