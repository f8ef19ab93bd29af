import { execFile } from 'node:child_process'
import { access, chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { frameOf, payloadOf, RawPeer } from '../launcher/raw-peer.ts'
import { nodeProgram } from '../support/node-programs.ts'
import { skipTest } from '../support/skip.ts'
import { eventually, test } from '../support/test.ts'
import {
  countDescriptors,
  expectNoRemains,
  isRunning,
  killHard,
  launcherOf,
  launcherProcesses,
  markOf,
} from './host.ts'
import { Program } from './program.ts'

/** What a peer hears that is let in. */
const welcome = expect.arrayContaining([expect.stringMatching(/^heard \d+$/)])
/** What one hears that is not: nothing. */
const refusal = expect.not.arrayContaining([expect.stringContaining('heard')])

test('a peer of another user is refused, though it may open the socket', async ({ runner, skip }) => {
  if (process.geteuid!() !== 0) {
    skipTest(skip, {
      what: 'a peer of another user',
      why: 'only root may become another user',
      unskip: 'run the tests as root',
    })
  }
  await runner.stop(await runner.start({ command: ['true'] }))
  const socket = join(runner.storageRoot, 'launcher.sock')
  await chmod(runner.storageRoot, 0o755)
  await chmod(socket, 0o666)
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  await using stranger = Program.run('peer.ts', [socket], nobody)
  await stranger.end
  expect(stranger.lines.at(-1)).toBe('closed')
  expect(stranger.lines).toEqual(refusal)
  await using peer = Program.run('peer.ts', [socket])
  await peer.end
  expect(peer.lines).toEqual(welcome)
  const name = await runner.start({ command: ['sh', '-c', 'exit 3'] })
  expect((await runner.wait(name)).exitStatus).toBe(3)
})

test('a job is refused as a peer, root or not', async ({ runner }) => {
  const program = join(import.meta.dirname, 'programs/peer.ts')
  const command = [...nodeProgram(program), join(runner.storageRoot, 'launcher.sock')]
  const name = await runner.start({ command, isolation: 'none' })
  expect(await runner.wait(name)).toMatchObject({ exitStatus: 0 })
  const lines = (await new Response(runner.output(name)).text()).trim().split('\n')
  expect(lines.at(-1)).toBe('closed')
  expect(lines).toEqual(refusal)
  await runner.stop(name)
})

test('a process of another PID namespace sees what runs, and neither ends it nor speaks to its launcher', async ({
  runner,
}) => {
  const command = ['sh', '-c', 'echo ready; exec sleep 1000']
  const name = await runner.start({ command, isolation: 'none' })
  const program = join(import.meta.dirname, 'programs/onlooker.ts')
  const words = ['unshare', '-pf', '--mount-proc', ...nodeProgram(program), runner.storageRoot, name]
  const { stdout } = await promisify(execFile)(words[0]!, words.slice(1))
  expect(stdout.split('\n').slice(0, 2)).toEqual(['active', 'active'])
  expect(stdout).toMatch(/\nLAUNCHER_UNAVAILABLE .* cannot use the storage root of those outside\n/)
  expect((await runner.status(name)).active).toBe(true)
})

test('a runner that does not read is cut off: others are served, its jobs go on, and it finds the truth when it reads', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  await using owner = Program.run('owner.ts', ['--root', root, '--onExit', 'kill'])
  const pid = Number(await owner.until('running'))
  const launcher = await launcherOf(root)
  process.kill(owner.pid, 'SIGSTOP')
  try {
    await using crier = await RawPeer.connect(root)
    await eventually(async () => expect((await launcherProcesses(root)).inits).toHaveLength(2))
    const before = await countDescriptors(launcher)
    // What is announced goes to all: more than the launcher keeps for one who does not take it.
    for (let mebibytes = 0; mebibytes < 20; mebibytes++) {
      expect(
        await crier.request('announce', [
          ['event', 'noise'],
          ['noise', 'x'.repeat(1024 * 1024)],
        ]),
      ).toMatchObject({ type: 'ok' })
    }
    // Its connection and its pidfd.
    await eventually(async () => expect(await countDescriptors(launcher)).toBe(before - 2))
    const runner = await openRunner({ onExit: 'keep' })
    const name = await runner.start({ command: ['sh', '-c', 'exit 8'] })
    expect((await runner.wait(name)).exitStatus).toBe(8)
    await runner.stop(name)
    expect(isRunning(pid)).toBe(true)
    expect((await runner.status('running')).state).toBe('active')
    const waiting = runner.wait('running')
    await runner.kill('running', 'SIGUSR1')
    expect(await waiting).toMatchObject({ state: 'exited', exitStatus: 6 })
  } finally {
    process.kill(owner.pid, 'SIGCONT')
  }
  expect(await owner.until('ended')).toBe('6')
  await owner.end
  expect(await launcherOf(root)).toBe(launcher)
  await expectNoRemains(root)
})

test('a peer that asks without end and never reads is cut off', async ({ runner }) => {
  const name = await runner.start({
    name: `j${'x'.repeat(100)}`,
    command: ['sleep', '1000'],
    env: markOf(runner.storageRoot),
  })
  const launcher = await launcherOf(runner.storageRoot)
  await using peer = await RawPeer.connect(runner.storageRoot)
  peer.socket.pause()
  const request = frameOf(
    payloadOf([
      ['type', 'known'],
      ['id', 1],
    ]),
  )
  const requests = Buffer.concat(Array.from({ length: 10_000 }, () => request))
  for (let sent = 0; sent < 40 && !peer.socket.destroyed; sent++) {
    await new Promise((resolve) => peer.socket.write(requests, resolve))
  }
  peer.socket.resume()
  await peer.closed
  expect(await launcherOf(runner.storageRoot)).toBe(launcher)
  expect((await runner.stop(name)).state).toBe('stopped')
})

test('a start that hangs in its set-up delays no other, and goes with its runner', async ({ folder, openRunner }) => {
  const root = join(folder, 'root')
  await using hanging = Program.run('hanging-shim.ts', [root, join(folder, 'in-before')])
  await eventually(async () => access(join(folder, 'in-before')))
  const runner = await openRunner()
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const name = await runner.start({ command: ['sh', '-c', `exit ${index}`] })
      expect((await runner.stop(name)).active).toBe(false)
    }),
  )
  expect(hanging.lines).toEqual([])
  // It is no job yet.
  expect(await runner.list()).toEqual([])
  await hanging.kill()
  await expectNoRemains(root)
})

test('a launcher that dies in the middle of a start that hangs: the next one is there, and the start is made again', async ({
  folder,
  openRunner,
}) => {
  const root = join(folder, 'root')
  const [mark, go] = [join(folder, 'in-before'), join(folder, 'go')]
  await using hanging = Program.run('hanging-shim.ts', [root, mark, go])
  await eventually(async () => access(mark))
  await rm(mark)
  killHard(await launcherOf(root))
  const runner = await openRunner({ onExit: 'keep' })
  await eventually(async () => access(mark))
  await writeFile(go, '')
  expect(await hanging.until('started')).toBe('hanging')
  expect(await runner.wait('hanging')).toMatchObject({ state: 'exited', exitStatus: 11 })
  await hanging.kill()
  await expectNoRemains(root)
})
