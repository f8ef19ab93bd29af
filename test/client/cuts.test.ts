import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { RemoteError, RemoteRunner } from '@corral/client'
import { CorralError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { Connection } from '../../packages/client/src/transport/connection.ts'
import { sh } from '../support/programs.ts'
import { test as base } from './client-test.ts'
import { CuttingProxy } from './cutting-proxy.ts'

const MiB = 1024 * 1024

/** As long as a message of a stream can be, and some. */
const mostOfMessage = 280 * 1024

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A whole number from 0 on, and below `below`. */
const random = (below: number): number => Math.floor(Math.random() * below)

interface Fixtures {
  proxy: CuttingProxy
  /** Is connected through the proxy. */
  cut: RemoteRunner
}

const test = base.extend<Fixtures>({
  proxy: async ({ daemon, folder }, use) => {
    await using proxy = await CuttingProxy.open(join(folder, 'proxy.sock'), daemon.host.slice('unix://'.length))
    await use(proxy)
  },
  cut: async ({ connect, proxy }, use) => {
    await use(await connect({ host: proxy.host, reconnect: { minMs: 1, maxMs: 50 } }))
  },
})

describe('a connection that is cut off again and again', () => {
  test('output: every byte, once', async ({ cut, proxy, folder }) => {
    const bytes = randomBytes(24 * MiB)
    await writeFile(join(folder, 'bytes'), bytes)
    const name = await cut.start({ command: ['cat', join(folder, 'bytes')] })
    proxy.nextCut = () => ({ down: 1 + random(2 * MiB) })
    proxy.cutAll()
    const hash = createHash('sha256')
    let length = 0
    for await (const chunk of cut.output(name)) {
      hash.update(chunk)
      length += chunk.length
    }
    expect([length, hash.digest('hex')]).toEqual([bytes.length, sha256(bytes)])
    expect(proxy.connections).toBeGreaterThan(8)
  })

  test('output that is followed while it is written', async ({ cut, proxy }) => {
    const name = await cut.start({ command: sh('i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done') })
    // A message comes whole, or not at all.
    proxy.nextCut = () => ({ down: mostOfMessage + random(4000) })
    proxy.cutAll()
    const text = Buffer.concat(await Array.fromAsync(cut.output(name))).toString()
    expect(text).toBe(Array.from({ length: 30_000 }, (_, index) => `line ${index}\n`).join(''))
  })

  test('the tail: what is written after the call, all of it', async ({ cut, proxy, daemon }) => {
    const name = await cut.start({ command: sh('echo before; read line; echo $line; read line'), stdin: slow() })
    await untilOutput(cut, name, 'before\n')
    const output = cut.output(name, { tail: 0 }).getReader()
    const first = output.read()
    // The daemon has said where that is, once it has answered what was asked after it.
    await cut.status(name)
    proxy.cutAll()
    await daemon.jobs.writeInput(name, { offset: 0, data: Buffer.from('after\n'), end: false })
    expect(Buffer.from((await first).value!).toString()).toBe('after\n')
    await output.cancel()
  })

  test('starts: each job once', async ({ cut, proxy, daemon }) => {
    proxy.nextCut = () => (random(2) === 0 ? { down: 300 + random(6000) } : { up: 300 + random(6000) })
    proxy.cutAll()
    const names = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => cut.start({ command: ['true'], labels: { index: `${index}` } })),
    )
    const jobs = daemon.jobs.all()
    expect(jobs.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    expect(new Set(jobs.map(({ labels }) => labels['index'])).size).toBe(40)
    proxy.nextCut = () => undefined
  })

  test('standard input: every byte, once', async ({ cut, proxy }) => {
    const bytes = randomBytes(6 * MiB)
    proxy.nextCut = () => ({ up: 1000 + random(MiB) })
    proxy.cutAll()
    const name = await cut.start({ command: ['sha256sum'], stdin: new Blob([bytes]).stream() })
    expect(await cut.wait(name)).toMatchObject({ exitStatus: 0 })
    expect(Buffer.concat(await Array.fromAsync(cut.output(name))).toString()).toBe(`${sha256(bytes)}  -\n`)
    expect(proxy.connections).toBeGreaterThan(5)
  })

  test('events: each, once', async ({ cut, proxy, remote }) => {
    const events = cut.events()[Symbol.asyncIterator]()
    proxy.nextCut = () => ({ down: 500 + random(3000) })
    // So that what is told begins before the first start.
    await cut.info()
    proxy.cutAll()
    const names = await Promise.all(Array.from({ length: 30 }, async () => remote.start({ command: ['true'] })))
    await Promise.all(names.map(async (name) => remote.wait(name)))
    const seen: string[] = []
    while (seen.length < 60) {
      const { value } = await events.next()
      seen.push(`${value.type} ${value.name}`)
    }
    expect(seen.toSorted()).toEqual(names.flatMap((name) => [`exited ${name}`, `started ${name}`]).toSorted())
    await events.return?.()
  })

  test('waiting, listing, looking', async ({ cut, proxy, daemon }) => {
    const name = await cut.start({ command: sh('read line; exit 7'), stdin: slow() })
    const end = cut.wait(name)
    proxy.nextCut = () => ({ down: 100 + random(2000) })
    proxy.cutAll()
    for (let round = 0; round < 20; round++) {
      expect(await cut.status(name)).toMatchObject({ state: 'active' })
      expect(await cut.list()).toHaveLength(1)
      proxy.cutAll()
    }
    await daemon.jobs.writeInput(name, { offset: 0, data: Buffer.from('go\n'), end: true })
    expect(await end).toMatchObject({ exitStatus: 7 })
  })

  test('further commands: their output and end', async ({ cut, proxy }) => {
    const name = await cut.start({ command: ['sleep', '1000'] })
    const execution = await cut.exec(name, { command: sh('seq 400000; exit 2') })
    proxy.nextCut = () => ({ down: mostOfMessage + random(300_000) })
    proxy.cutAll()
    const text = Buffer.concat(await Array.fromAsync(execution.output())).toString()
    expect(text).toBe(Array.from({ length: 400_000 }, (_, index) => `${index + 1}\n`).join(''))
    expect(await execution.wait()).toMatchObject({ exitStatus: 2 })
    await cut.stop(name)
  })

  test('what was collected, and what was changed', async ({ cut, proxy }) => {
    const command = sh(
      'mkdir out; for i in 1 2 3 4 5; do head -c 200000 /dev/zero | tr "\\0" $i > out/$i; : > /srv/$i; done',
    )
    const isolation = { root: 'overlay', keepChanges: true } as const
    const name = await cut.start({ command, workdir: 'private', collect: ['out'], isolation })
    await cut.wait(name)
    proxy.nextCut = () => ({ down: mostOfMessage + random(400_000) })
    proxy.cutAll()
    const files: Record<string, string> = {}
    for await (const { path, type, content } of cut.collected(name, 'out')) {
      if (type === 'file') files[path] = Buffer.concat(await Array.fromAsync(content)).toString()
    }
    const expected = ['1', '2', '3', '4', '5'].map((digit) => [digit, digit.repeat(200_000)])
    expect(files).toEqual(Object.fromEntries(expected))
    const changes = await Array.fromAsync(cut.changes(name))
    const added = changes.filter(({ path }) => path.startsWith('/srv/')).map(({ path }) => path)
    expect(added.toSorted()).toEqual(['/srv/1', '/srv/2', '/srv/3', '/srv/4', '/srv/5'])
  })
})

describe('a connection that is lost', () => {
  test('has a signal sent again only when it was not', async ({ connect, proxy, daemon }) => {
    const cut = await connect({ host: proxy.host, reconnect: { minMs: 1, maxMs: 50 } })
    const name = await cut.start({ command: sh('trap "echo got" USR1; echo ready; while :; do sleep 0.01; done') })
    await untilOutput(cut, name, 'ready\n')
    await proxy.shut()
    // Until it has been noticed that the connection is gone.
    for (let turn = 0; turn < 5; turn++) await setImmediate()
    const kill = cut.kill(name, 'SIGUSR1')
    await proxy.listen()
    await kill
    await untilOutput(cut, name, 'got\n')
    // This one has it, and does not come to say so.
    proxy.nextCut = () => ({ down: 60 })
    proxy.cutAll()
    await expect(cut.kill(name, 'SIGUSR1')).rejects.toThrow(RemoteError)
    proxy.nextCut = () => undefined
    await daemon.jobs.stop(name, {})
    const text = Buffer.concat(await Array.fromAsync(cut.output(name))).toString()
    expect(text.match(/got/g)!.length).toBeLessThanOrEqual(2)
  })

  test('is given up in the end, with what was tried', async ({ connect, proxy }) => {
    const cut = await connect({ host: proxy.host, reconnect: { minMs: 1, giveUpAfterMs: 100 } })
    const name = await cut.start({ command: ['sleep', '1000'] })
    const waiting = Promise.allSettled([cut.wait(name), cut.output(name).getReader().read()])
    await proxy.shut()
    for (const { reason } of (await waiting) as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(RemoteError)
      expect(reason).toMatchObject({ code: 'UNAVAILABLE', reason: 'UNREACHABLE' })
      expect(reason.message).toContain(`at ${proxy.host}`)
    }
  })

  test('is not waited for by what was told to end', async ({ cut, proxy }) => {
    const name = await cut.start({ command: ['sleep', '1000'] })
    await proxy.shut()
    const controller = new AbortController()
    const end = cut.wait(name, { signal: controller.signal })
    const read = cut.output(name, { signal: controller.signal }).getReader().read()
    controller.abort(new Error('no longer'))
    await expect(end).rejects.toThrow('no longer')
    await expect(read).rejects.toThrow('no longer')
    const listing = cut.list()
    await cut.close()
    await expect(listing).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(cut.list()).rejects.toThrow(CorralError)
  })
})

test('a call that is not answered fails in its time', async ({ connect, proxy }) => {
  const runner = await connect({ host: proxy.host, timeoutMs: 100 })
  proxy.isStalled = true
  const error: unknown = await runner.list().catch((error: unknown) => error)
  expect(error).toBeInstanceOf(RemoteError)
  expect(error).toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: `corrald at ${proxy.host} did not answer within 100 ms`,
  })
})

test('a connection on which nothing comes is given up, and one that nobody uses is closed', async ({ proxy }) => {
  const patience = { silenceMs: 50, pingMs: 50, idleMs: 100 }
  const open = (): Connection =>
    new Connection('http://localhost', () => connectSocket(proxy.host.slice('unix://'.length)), patience)
  const request = { ':method': 'POST', ':path': '/corral.v1.JobService/Watch', 'content-type': 'application/grpc' }
  const stalled = open()
  const stream = await stalled.request(request)
  proxy.isStalled = true
  await expect(once(stream, 'close')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  await expect.poll(() => stalled.dial.error).toMatchObject({ code: 'ETIMEDOUT' })
  expect(stalled.isUsable).toBe(false)
  proxy.isStalled = false
  const idle = open()
  const short = await idle.request({ ...request, ':path': '/nothing' })
  short.resume().end()
  await once(short, 'close')
  await expect.poll(() => idle.isUsable).toBe(false)
  expect(idle.dial).toMatchObject({ isOpen: true, isHeard: true })
})

test('a request that is answered before all of it was sent is let go of', async ({ proxy }) => {
  const connection = new Connection('http://localhost', () => connectSocket(proxy.host.slice('unix://'.length)))
  const path = '/corral.v1.JobService/Start'
  const stream = await connection.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
  const message = Buffer.alloc(20_000_000)
  message.writeUInt32BE(message.length - 5, 1)
  stream.write(message)
  stream.resume()
  await once(stream, 'close')
  expect(connection.streams).toBe(0)
  connection.close()
})

test.for([5_000_000, 20_000_000])(
  'a request of %i bytes is refused, not sent again, and in the way of no other',
  async (size, { cut }) => {
    for (let round = 0; round < 4; round++) {
      const start = cut.start({ command: ['true'], env: { LARGE: 'x'.repeat(size) } })
      await expect(start).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
      expect(await cut.list()).toEqual([])
    }
  },
)

describe('a reader', () => {
  test('that does not read has little sent to it, and holds up nobody', async ({ connect, proxy, folder }) => {
    const runner = await connect({ host: proxy.host })
    await writeFile(join(folder, 'bytes'), Buffer.alloc(64 * MiB, 'x'))
    const name = await runner.start({ command: ['cat', join(folder, 'bytes')] })
    await runner.wait(name)
    const lazy = Array.from({ length: 4 }, () => runner.output(name).getReader())
    for (const reader of lazy) await reader.read()
    const other = await runner.start({ command: sh('seq 300000') })
    expect((await Array.fromAsync(runner.output(other))).reduce((sum, chunk) => sum + chunk.length, 0)).toBe(1_988_895)
    // A window of 1 MiB each, and what is on its way.
    expect(proxy.down).toBeLessThan(12 * MiB)
    await Promise.all(lazy.map(async (reader) => reader.cancel()))
  })

  test.for([1, 120])('in the number of %i ends with its job, beside other calls', async (count, { connect, proxy }) => {
    const runner = await connect({ host: proxy.host })
    const name = await runner.start({ command: sh('echo ready; exec sleep 1000') })
    const readers = Array.from({ length: count }, () => runner.output(name).getReader())
    for (const reader of readers) await reader.read()
    expect(proxy.connections).toBe(Math.ceil(count / 100))
    const ends = readers.map(async (reader) => reader.read())
    expect(await runner.list()).toHaveLength(1)
    await runner.stop(name, { keepOutput: true })
    expect(new Set((await Promise.all(ends)).map(({ done }) => done))).toEqual(new Set([true]))
  })
})

async function untilOutput(runner: RemoteRunner, name: string, text: string): Promise<void> {
  let seen = ''
  for await (const chunk of runner.output(name)) if ((seen += Buffer.from(chunk)).includes(text)) return
  throw new Error(`the job ended without printing ${text}: ${seen}`)
}

/** A stream that has nothing to say. */
function slow(): ReadableStream<Uint8Array> {
  return new ReadableStream()
}
