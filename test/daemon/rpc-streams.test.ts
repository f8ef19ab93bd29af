import { createHash } from 'node:crypto'

import { createClient } from '@connectrpc/connect'
import { JobService } from '@corral/api'
import { describe, expect } from 'vitest'

import { eventually } from '../support/test.ts'
import { answerOf, errorOf, stream, textOf } from './rpc-answers.ts'
import { type RpcServer, test } from './rpc-servers.ts'

/** More than all buffers between a job and a client hold. */
const manyBytes = 64 * 1024 * 1024

describe('output', () => {
  test('comes in messages of limited size, and goes on from an offset', async ({ server }) => {
    const alice = await server.client('alice')
    await alice.start({ config: { command: ['sh', '-c', 'seq 1 300000'], name: 'web' } })
    const all = await Array.fromAsync(alice.output({ name: 'web', follow: true }))
    const text = textOf(all)
    expect(text.length).toBe(1_988_895)
    for (const { data, offset, nextOffset } of all) {
      expect(data.length).toBeLessThanOrEqual(64 * 1024)
      expect(nextOffset - offset).toBe(BigInt(data.length))
    }
    const middle = all[Math.floor(all.length / 2)]!
    const rest = await Array.fromAsync(alice.output({ name: 'web', offset: middle.nextOffset }))
    expect(textOf(rest)).toBe(text.slice(Number(middle.nextOffset)))
    expect(textOf(await Array.fromAsync(alice.output({ name: 'web', tail: 2 })))).toBe('299999\n300000\n')
  })

  test('of a job that is silent begins with where its last lines end', async ({ server }) => {
    const alice = await server.client('alice')
    await alice.start({ config: { command: ['sh', '-c', 'echo one; cat'], name: 'web', stdin: stream } })
    await eventually(async () => expect((await alice.get({ name: 'web' })).job!.outputBytes).toBe(4n))
    const output = alice.output({ name: 'web', tail: 0, follow: true })[Symbol.asyncIterator]()
    expect((await output.next()).value).toMatchObject({ offset: 4n, nextOffset: 4n })
    await alice.writeInput({ name: 'web', data: Buffer.from('two\n'), end: true })
    expect(textOf([(await output.next()).value!])).toBe('two\n')
    expect(await output.next()).toMatchObject({ done: true })
  })
})

describe('a client that goes away', () => {
  for (const protocol of ['grpc', 'connect']) {
    test(`while it waits is let go of, over ${protocol}`, async ({ server }) => {
      const alice = await server.client('alice')
      await alice.start({ config: { command: ['sleep', '1000'], name: 'web' } })
      const { transport, cut } = await server.connect('alice', protocol)
      const other = createClient(JobService, transport)
      const streams = [
        other.output({ name: 'web', follow: true }),
        other.watch({}),
        other.stats({ interval: { seconds: 1000n } }),
      ].map(async (messages) => errorOf(Array.fromAsync(messages as AsyncIterable<unknown>)))
      const wait = errorOf(other.wait({ name: 'web' }))
      await openStreams(server, { Output: 1, Watch: 1, Stats: 1, Wait: 1 })
      cut()
      await openStreams(server, { Output: 0, Watch: 0, Stats: 0, Wait: 0 })
      await Promise.all([...streams, wait])
      expect(server.failures).toEqual([])
    })

    for (const leaving of ['cuts the connection', 'cancels']) {
      test(`while it does not read, and ${leaving}, is let go of, over ${protocol}`, async ({ server }) => {
        const alice = await server.client('alice')
        await alice.start({ config: { command: ['head', '-c', String(manyBytes), '/dev/zero'], name: 'web' } })
        const { transport, cut } = await server.connect('alice', protocol)
        const gone = new AbortController()
        const output = createClient(JobService, transport).output(
          { name: 'web', follow: true },
          { signal: gone.signal },
        )
        await output[Symbol.asyncIterator]().next()
        await alice.wait({ name: 'web' })
        expect(server.streams.get('Output')).toBe(1)
        if (leaving === 'cancels') gone.abort()
        else cut()
        // That the file is closed, the test's end makes sure of.
        await openStreams(server, { Output: 0 })
        expect(server.failures).toEqual([])
      })
    }
  }
})

async function openStreams(server: RpcServer, expected: Record<string, number>): Promise<void> {
  await eventually(() => expect(Object.fromEntries(server.streams)).toMatchObject(expected))
}

describe('a daemon that is about to end', () => {
  test('ends what waits, and is resumed from on the next', async ({ serve }) => {
    const server = await serve()
    const alice = await server.client('alice')
    await alice.start({ config: { command: ['sh', '-c', 'echo one; read x; echo two'], name: 'web', stdin: stream } })
    const output = alice.output({ name: 'web', follow: true })[Symbol.asyncIterator]()
    const { nextOffset } = (await output.next()).value!
    const waiting = [
      errorOf(output.next()),
      errorOf(alice.wait({ name: 'web' })),
      errorOf(Array.fromAsync(alice.watch({}))),
      errorOf(Array.fromAsync(alice.stats({}))),
    ]
    await openStreams(server, { Output: 1, Wait: 1, Watch: 1, Stats: 1 })
    server.drain()
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toMatchObject({ code: 'unavailable', reason: 'DRAINING' })
    }
    const start = { config: { command: ['true'] } }
    expect(await errorOf(alice.start(start))).toMatchObject({ code: 'unavailable', reason: 'DRAINING' })
    expect(await errorOf(alice.watch({})[Symbol.asyncIterator]().next())).toMatchObject({ reason: 'DRAINING' })
    expect((await alice.info({})).info).toMatchObject({ draining: true })
    const next = await (await serve()).client('alice')
    await next.writeInput({ name: 'web', data: Buffer.from('\n') })
    expect(textOf(await Array.fromAsync(next.output({ name: 'web', offset: nextOffset, follow: true })))).toBe('two\n')
  })

  test('does not pass off as whole what a slow reader has not read', async ({ server }) => {
    const alice = await server.client('alice')
    const script = `head -c ${manyBytes} /dev/zero; echo end`
    await alice.start({ config: { command: ['sh', '-c', script], name: 'web' } })
    const output = alice.output({ name: 'web', follow: true })[Symbol.asyncIterator]()
    let received = Number((await output.next()).value!.nextOffset)
    await alice.wait({ name: 'web' })
    server.drain()
    await openStreams(server, { Output: 0 })
    const rest = async (): Promise<void> => {
      for (;;) {
        const { value, done } = await output.next()
        if (done) return
        received = Number(value.nextOffset)
      }
    }
    expect(await errorOf(rest())).toMatchObject({ code: 'unavailable', reason: 'DRAINING' })
    expect(received).toBeLessThan(manyBytes)
  })
})

test('there is an end to the streams of one, and of all', async ({ serve }) => {
  const server = await serve({ limits: { maxStreamsPerIdentity: 2, maxStreams: 3 } })
  const [alice, bob] = [await server.client('alice'), await server.client('bob')]
  const open = async (client: typeof alice) => {
    const stop = new AbortController()
    const messages = client.watch({}, { signal: stop.signal })[Symbol.asyncIterator]()
    await messages.next()
    return stop
  }
  const [first] = [await open(alice), await open(alice)]
  expect(await errorOf(open(alice))).toMatchObject({ code: 'resource_exhausted', reason: 'TOO_MANY_STREAMS' })
  await open(bob)
  expect(await errorOf(open(bob))).toMatchObject({ reason: 'TOO_MANY_STREAMS', metadata: { limit: '3' } })
  expect((await alice.list({})).jobs).toEqual([])
  first.abort()
  await openStreams(server, { Watch: 2 })
  await open(bob)
})

test('a thousand readers of one job get all of it', async ({ server }) => {
  const alice = await server.client('alice')
  await alice.start({ config: { command: ['sh', '-c', 'read x; seq 1 1000'], name: 'web', stdin: stream } })
  const readers = Array.from({ length: 1000 }, async () => {
    const hash = createHash('sha256')
    for await (const { data } of alice.output({ name: 'web', follow: true })) {
      hash.update(data)
    }
    return hash.digest('hex')
  })
  await openStreams(server, { Output: 1000 })
  await alice.writeInput({ name: 'web', data: Buffer.from('\n'), end: true })
  const expected = createHash('sha256')
  for (let line = 1; line <= 1000; line++) expected.update(`${line}\n`)
  expect([...new Set(await Promise.all(readers))]).toEqual([expected.digest('hex')])
  await openStreams(server, { Output: 0 })
})

test('an answer that nobody waits for is given all the same', async ({ server, jobs }) => {
  const alice = await server.client('alice')
  const { transport, cut } = await server.connect('alice')
  const impatient = createClient(JobService, transport)
  const command = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done']
  await alice.start({ config: { command, name: 'web' } })
  await alice.output({ name: 'web', follow: true })[Symbol.asyncIterator]().next()
  const stopping = impatient.stop({ name: 'web', signal: 'SIGTERM', grace: { nanos: 500_000_000 } })
  await openStreams(server, { Stop: 1 })
  cut()
  expect(answerOf(await stopping.catch((error: unknown) => error)).reason).toBeUndefined()
  await jobs.wait('web', new AbortController().signal)
  await eventually(async () => {
    const lines = await server.auditLines()
    expect(lines.at(-1)).toMatchObject({ method: 'stop', job: 'web', outcome: 'ok' })
  })
})
