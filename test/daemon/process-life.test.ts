import { once } from 'node:events'
import { glob, readFile, rename } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'

import { RemoteRunner } from '@corral/client'
import { describe, expect } from 'vitest'

import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { test } from './fixture.ts'

/** Prints 1 to COUNT, a line each COUNTth of a second or so, and ends with 7. */
const counts = (count: number): string[] => [
  'sh',
  '-c',
  `i=1; while [ $i -le ${count} ]; do echo $i; i=$((i+1)); sleep 0.02; done; exit 7`,
]
/** Says that it is there, and does not mind SIGTERM. */
const stubborn = ['sh', '-c', "trap '' TERM; echo ready; while :; do sleep 1; done"]

async function readAll(runner: RemoteRunner, name: string): Promise<string> {
  return Buffer.concat(await Array.fromAsync(runner.output(name))).toString()
}

async function startStubborn(runner: RemoteRunner, stopGraceMs: number): Promise<string> {
  const name = await runner.start({ command: stubborn, stopGraceMs })
  for await (const _ of runner.output(name)) break
  return name
}

describe('a daemon that is killed', () => {
  test('knows, once it is started again, what became of every job', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon()
    const before = await connect(daemon)
    await before.start({ command: ['sleep', '1000'], name: 'runs' })
    await before.start({ command: ['sh', '-c', 'exit 7'], name: 'ended' })
    await before.start({
      command: ['sh', '-c', 'read line; exit 8'],
      name: 'ends-meanwhile',
      stdin: new ReadableStream(),
    })
    await before.wait('ended')
    const { pid } = await before.status('runs')
    expect(await daemon.kill('SIGKILL')).toBe('SIGKILL')
    await daemon.start()
    const after = await connect(daemon)
    expect(await after.status('runs')).toMatchObject({ state: 'active', pid })
    expect(await after.status('ended')).toMatchObject({ state: 'exited', exitStatus: 7 })
    expect(await after.wait('ends-meanwhile')).toMatchObject({ state: 'exited', exitStatus: 8 })
  })

  test('leaves nobody who reads or waits without the rest', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon()
    const runner = await connect(daemon)
    const name = await runner.start({ command: counts(150) })
    const [output, status] = [readAll(runner, name), runner.wait(name)]
    for (let kills = 0; kills < 2; kills++) {
      await daemon.kill('SIGKILL')
      await daemon.start()
    }
    expect(await output).toBe(Array.from({ length: 150 }, (_, index) => `${index + 1}\n`).join(''))
    expect(await status).toMatchObject({ exitStatus: 7 })
  })

  test('because of an error that nobody expected says so, and its jobs live on', async ({ openDaemon, connect }) => {
    const failing = "process.on('SIGUSR2', () => { throw new Error('out of the blue') })"
    const module = `data:text/javascript,${encodeURIComponent(failing)}`
    const daemon = await openDaemon({ env: { NODE_OPTIONS: `--import=${module}` } })
    const name = await (await connect(daemon)).start({ command: ['sleep', '1000'] })
    expect(await daemon.kill('SIGUSR2')).toBe(1)
    expect(await daemon.logged('out of the blue')).toContain('"level":"fatal"')
    await daemon.start()
    expect(await (await connect(daemon)).status(name)).toMatchObject({ state: 'active' })
  })
})

describe('a daemon that does not know yet what became of its jobs', () => {
  test('is not ready, and has whoever comes wait', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon()
    const name = await (await connect(daemon)).start({ command: ['sleep', '1000'] })
    await daemon.kill('SIGKILL')
    // It asks the launcher, which does not answer.
    const launcher = await launcherOf(daemon.storageRoot)
    process.kill(launcher, 'SIGSTOP')
    let said = 'nothing'
    const started = daemon.start().then(() => (said = 'ready'))
    try {
      const status = eventually(() => connect(daemon)).then(async (runner) => runner.status(name))
      const answered = status.then(() => (said = 'an answer'))
      await daemon.logged('A request waits until')
      expect(said).toBe('nothing')
      process.kill(launcher, 'SIGCONT')
      await Promise.all([started, answered])
      expect(await status).toMatchObject({ state: 'active' })
    } finally {
      process.kill(launcher, 'SIGCONT')
    }
  })
})

/** The process id of a storage root's launcher: the one of its processes that was not forked from another. */
async function launcherOf(storageRoot: string): Promise<number> {
  const found: { pid: number; parent: number }[] = []
  for await (const file of glob('/proc/[0-9]*/cmdline')) {
    const [program, root] = (await readFile(file, 'utf8').catch(() => '')).split('\0')
    if (!program?.endsWith('/corral-launcher') || root !== storageRoot) continue
    const stat = await readFile(join(file, '../stat'), 'utf8')
    found.push({ pid: Number.parseInt(stat, 10), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) })
  }
  return found.find(({ parent }) => found.every(({ pid }) => pid !== parent))!.pid
}

describe('a daemon that is told to end', () => {
  test('keeps jobs running, and who reads goes on with the next one', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon({ config: { onStop: 'keep' } })
    const runner = await connect(daemon)
    const name = await runner.start({ command: counts(100) })
    const output = readAll(runner, name)
    expect(await daemon.kill('SIGTERM')).toBe(0)
    await daemon.start()
    expect(await output).toBe(Array.from({ length: 100 }, (_, index) => `${index + 1}\n`).join(''))
  })

  test('stops jobs, with their own grace, where that is configured', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon({ config: { onStop: 'stop' } })
    const runner = await connect(daemon)
    const polite = ['sh', '-c', "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done"]
    const name = await runner.start({ command: polite, stopGraceMs: 20_000 })
    for await (const _ of runner.output(name)) break
    expect(await daemon.kill('SIGINT')).toBe(0)
    await daemon.start()
    const again = await connect(daemon)
    expect(await again.status(name)).toMatchObject({ state: 'stopped', exitStatus: 3 })
    expect(await readAll(again, name)).toBe('ready\nbye\n')
  })

  test('has nobody who comes to no end of a request take of their grace', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon({ config: { onStop: 'stop', drainTimeout: '3s' } })
    const runner = await connect(daemon)
    const polite = ['sh', '-c', "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"]
    const name = await runner.start({ command: polite, stopGraceMs: 20_000 })
    for await (const _ of runner.output(name)) break
    const slow = connectSocket(daemon.host.slice('unix://'.length)).on('error', () => {})
    await once(slow, 'connect')
    slow.write('POST /corral.v1.JobService/Info HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n')
    slow.write('content-length: 2\r\nexpect: 100-continue\r\n\r\n{')
    // It has read the request's header once it has said so.
    await once(slow, 'data')
    expect(await daemon.kill('SIGTERM')).toBe(0)
    await daemon.start()
    expect(await (await connect(daemon)).status(name)).toMatchObject({ state: 'stopped', exitStatus: 3 })
  })

  test('takes no longer than it may', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon({ config: { onStop: 'stop', drainTimeout: '500ms' } })
    const runner = await connect(daemon)
    const name = await startStubborn(runner, 600_000)
    // A reader that does not read holds nothing up.
    const idle = runner.output(name)
    const begun = performance.now()
    expect(await daemon.kill('SIGTERM')).toBe(0)
    expect(performance.now() - begun).toBeLessThan(8000)
    await daemon.start()
    expect(await (await connect(daemon)).status(name)).toMatchObject({ active: false, signal: 'SIGKILL' })
    await idle.cancel()
  })

  test('ends at once when it is told twice, and its jobs live on', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon({ config: { onStop: 'stop', drainTimeout: '1h' } })
    const name = await startStubborn(await connect(daemon), 600_000)
    daemon.process.kill('SIGTERM')
    await daemon.logged('Told to end')
    expect(await daemon.kill('SIGTERM')).toBe(1)
    await daemon.start({ drainTimeout: '1s' })
    expect(await (await connect(daemon)).status(name)).toMatchObject({ state: 'active' })
  })
})

describe('a daemon that is told to read its configuration again', () => {
  async function reload(daemon: TestDaemon, said: string): Promise<string> {
    daemon.log.length = 0
    daemon.process.kill('SIGHUP')
    return daemon.logged(said)
  }

  test('goes by new rules, and by the old ones when the new are wrong', async ({ openDaemon }) => {
    const daemon = await openDaemon({ tls: true })
    const tls = await daemon.issue('bob')
    const connectBob = async (): Promise<RemoteRunner> => RemoteRunner.connect({ host: daemon.tlsHost, tls })
    await expect(connectBob()).rejects.toThrow('the policy says nothing of bob')
    await daemon.configure({ identity: [{ match: 'bob', role: 'viewer' }] })
    await reload(daemon, 'The configuration was read again')
    await using bob = await connectBob()
    expect(await bob.list()).toEqual([])
    await daemon.configure({ identity: [{ match: 'bob', role: 'king' }] })
    const said = await reload(daemon, 'kept as it was')
    expect(said).toContain("identity[0].role: received 'king'")
    expect(await bob.list()).toEqual([])
  })

  test('says what takes a restart', async ({ openDaemon }) => {
    const daemon = await openDaemon()
    await daemon.configure({ jobs: { maxActive: 3 }, log: { level: 'warn' } })
    expect(await reload(daemon, 'take a restart')).toContain('"keys":["jobs"]')
    await daemon.configure({ log: { level: 'warn', format: 'text' } })
    expect(await reload(daemon, 'take a restart')).toContain('"keys":["jobs","log"]')
  })

  test('opens the audit log anew', async ({ openDaemon, connect, folder }) => {
    const daemon = await openDaemon()
    const runner = await connect(daemon)
    const path = join(folder, 'd/audit.log')
    await rename(path, `${path}.1`)
    await reload(daemon, 'The configuration was read again')
    const name = await runner.start({ command: ['true'] })
    expect(await readFile(path, 'utf8')).toContain(name)
  })
})

describe('a second daemon', () => {
  test('on the same storage root is refused', async ({ openDaemon, folder }) => {
    const first = await openDaemon()
    const second = startDaemon({ folder: join(folder, 'second'), config: { storageRoot: first.storageRoot } })
    await expect(second).rejects.toThrow(new RegExp(`process ${first.process.pid} has it: one daemon per storage root`))
  })
})
