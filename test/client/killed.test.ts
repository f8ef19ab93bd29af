import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { RemoteError, RemoteRunner } from '@corral/client'
import { describe, expect } from 'vitest'

import { test as base } from '../daemon/fixture.ts'
import type { TestDaemon } from '../support/daemon.ts'
import { sh } from '../support/programs.ts'

const MiB = 1024 * 1024

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Fixtures {
  /** With TLS. */
  daemon: TestDaemon
  /** Is connected by TLS. */
  runner: RemoteRunner
}

const test = base.extend<Fixtures>({
  daemon: async ({ openDaemon }, use) => {
    await use(await openDaemon({ tls: true }))
  },
  runner: async ({ daemon }, use) => {
    const { ca } = daemon
    const tls = { cert: ca.admin.certificate, key: ca.admin.key, ca: ca.ca }
    await using runner = await RemoteRunner.connect({ host: daemon.tlsHost, tls, reconnect: { minMs: 5, maxMs: 100 } })
    await use(runner)
  },
})

/** A pipe that a command reads from until it is written to. */
function makeGate(folder: string): string {
  const gate = join(folder, 'gate')
  execFileSync('mkfifo', ['-m', '666', gate])
  return gate
}

/** Kills the daemon, and starts it again. */
async function restart(daemon: TestDaemon, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  await daemon.kill(signal)
  await daemon.start()
}

describe('a daemon that is killed and started again', () => {
  test('output goes on with every byte once', async ({ daemon, runner, folder }) => {
    const bytes = randomBytes(8 * MiB)
    await writeFile(join(folder, 'bytes'), bytes)
    const gate = makeGate(folder)
    const command = sh(`head -c 5000000 ${folder}/bytes; cat ${gate}; tail -c +5000001 ${folder}/bytes`)
    const name = await runner.start({ command })
    const hash = createHash('sha256')
    let length = 0
    let goingOn: Promise<void> | undefined
    for await (const chunk of runner.output(name)) {
      hash.update(chunk)
      length += chunk.length
      goingOn ??= restart(daemon).then(async () => writeFile(gate, ''))
    }
    await goingOn
    expect([length, hash.digest('hex')]).toEqual([bytes.length, sha256(bytes)])
    expect(await runner.wait(name)).toMatchObject({ exitStatus: 0 })
  })

  test('waiting, watching and asking go on', async ({ daemon, runner, folder }) => {
    const events = runner.events()[Symbol.asyncIterator]()
    const gate = makeGate(folder)
    const command = sh(`cat ${gate}; exit 9`)
    const name = await runner.start({ command })
    expect((await events.next()).value).toMatchObject({ type: 'started', name })
    const end = runner.wait(name)
    const next = events.next()
    const restarted = restart(daemon)
    expect(await runner.status(name)).toMatchObject({ state: 'active' })
    await restarted
    await writeFile(gate, '')
    expect(await end).toMatchObject({ exitStatus: 9 })
    expect((await next).value).toMatchObject({ type: 'exited', name, status: { exitStatus: 9 } })
    await events.return?.()
  })

  test('starts are made once, however often it dies', async ({ daemon, runner }) => {
    const killing = (async () => {
      for (let round = 0; round < 4; round++) await restart(daemon)
    })()
    const starts = Array.from({ length: 60 }, async (_, index) => {
      const name = await runner.start({ command: sh(`echo ${index}`), labels: { index: `${index}` } })
      return [name, Buffer.concat(await Array.fromAsync(runner.output(name))).toString()] as const
    })
    const started = await Promise.all(starts)
    await killing
    expect(started.map(([, text]) => text)).toEqual(Array.from({ length: 60 }, (_, index) => `${index}\n`))
    const jobs = await runner.list()
    expect(jobs.map(({ name }) => name).toSorted()).toEqual(started.map(([name]) => name).toSorted())
  })

  test("a command's standard input is gone with it: the job is killed, and waiting says why", async ({
    daemon,
    runner,
  }) => {
    const stdin = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.alloc(1000, 'x')),
    })
    const name = await runner.start({ command: sh('trap "" PIPE; cat > /dev/null; exec sleep 1000'), stdin })
    await restart(daemon)
    const end = runner.wait(name)
    await expect(end).rejects.toMatchObject({ name: 'CorralError', code: 'STDIN_FAILED' })
    expect(await runner.status(name)).toMatchObject({ signal: 'SIGKILL' })
  })

  test('further commands go on', async ({ daemon, runner, folder }) => {
    const gate = makeGate(folder)
    const name = await runner.start({ command: ['sleep', '1000'] })
    const execution = await runner.exec(name, { command: sh(`echo one; cat ${gate}; echo two; exit 3`) })
    const text = Array.fromAsync(execution.output())
    await restart(daemon)
    await writeFile(gate, '')
    expect(Buffer.concat(await text).toString()).toBe('one\ntwo\n')
    expect(await execution.wait()).toMatchObject({ state: 'exited', exitStatus: 3 })
  })
})

test('a daemon that is told to end has its streams go on with the next one', async ({ daemon, runner, folder }) => {
  const gate = makeGate(folder)
  await daemon.configure({ onStop: 'keep' })
  await restart(daemon, 'SIGTERM')
  const name = await runner.start({ command: sh(`echo one; cat ${gate}; echo two`) })
  const text = Array.fromAsync(runner.output(name))
  const end = runner.wait(name)
  await restart(daemon, 'SIGTERM')
  await writeFile(gate, '')
  expect(Buffer.concat(await text).toString()).toBe('one\ntwo\n')
  expect(await end).toMatchObject({ exitStatus: 0 })
})

test('a daemon that does not come back is given up', async ({ daemon }) => {
  await using runner = await RemoteRunner.connect({ host: daemon.host, reconnect: { giveUpAfterMs: 200 } })
  await daemon.kill()
  const error: unknown = await runner.list().catch((error: unknown) => error)
  expect(error).toBeInstanceOf(RemoteError)
  expect(error).toMatchObject({ reason: 'UNREACHABLE' })
})

test('connecting waits for a daemon that is about to come, when it is to', async ({ daemon }) => {
  await daemon.kill()
  const runner = RemoteRunner.connect({ host: daemon.host, waitMs: 20_000 })
  await daemon.start()
  await (await runner).close()
})
