import { unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner } from '@corral/runner'
import { expect } from 'vitest'

import { frameOf, payloadOf, RawPeer } from '../launcher/raw-peer.ts'
import { test } from '../support/test.ts'
import { expectNoRemains, launcherOf, rounds } from './host.ts'
import { expectedEnd, foundEnd } from './outcome.ts'
import { Program } from './program.ts'

test('starts that a runner was killed over have come to their end once the next one has settled', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  for (let round = 0; round < rounds(8); round++) {
    // So many that their frames wait behind each other.
    const args = ['--root', root, '--prefix', `r${round}`, '--onExit', 'keep', '--lanes', '32']
    await using starter = Program.run('starter.ts', args)
    await starter.until('ready')
    starter.tell('go')
    await starter.until('started', 1 + Math.floor(Math.random() * 8))
    await starter.kill()
    await using runner = await openRunner({ onExit: 'keep' })
    await runner.settled()
    const names = (await runner.list()).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(starter.said('started')))
    await expectNoRemains(root, async () => names)
    for (const name of names) expect(foundEnd(await runner.wait(name))).toEqual(expectedEnd(name))
    for (const name of names) await runner.stop(name)
    expect(await runner.list()).toEqual([])
  }
})

test('the launcher knows of starts whose frames wait behind others when it is asked', async ({ folder, runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  const root = join(folder, 'root')
  const launcher = await launcherOf(root)
  await using asking = await RawPeer.connect(root)
  const starting = await RawPeer.connect(root)
  process.kill(launcher, 'SIGSTOP')
  // Long frames: of one connection it reads 16 KiB before it turns to the next.
  const frames = Array.from({ length: 10 }, (_, number) =>
    frameOf(
      payloadOf([
        ['type', 'start'],
        ['id', number],
        ['name', `late-${number}`],
        ['dir', join(root, 'jobs', `late-${number}`)],
        ['spec', 'x'.repeat(15_000)],
      ]),
    ),
  )
  await new Promise<void>((resolve) => starting.socket.write(Buffer.concat(frames), () => resolve()))
  starting.socket.destroy()
  const answer = asking.request('known')
  process.kill(launcher, 'SIGCONT')
  // The one that it has come to know of last is the first that it names.
  expect(await answer).toMatchObject({ type: 'known', name: 'late-9' })
  await expectNoRemains(root)
})

test('a removal that a runner was killed over is finished', async ({ folder, runner }) => {
  for (const name of ['half', 'nearly', 'whole']) {
    await runner.start({ name, command: ['true'] })
    await runner.wait(name)
  }
  for (const file of ['half/init', 'nearly/init', 'nearly/exit']) await unlink(join(folder, 'root/jobs', file))
  await using next = await CgroupRunner.open({ storageRoot: join(folder, 'root'), onExit: 'keep' })
  await next.settled()
  expect((await next.list()).map(({ name }) => name)).toEqual(['whole'])
  for (const name of ['half', 'nearly']) await next.stop(await next.start({ name, command: ['true'] }))
})
