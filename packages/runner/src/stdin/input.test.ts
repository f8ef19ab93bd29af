import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { encodeFrame } from '../launch/frame.ts'
import type { Storage } from '../store/storage.ts'
import { openInput } from './input.ts'

test('does not end what it lends before the launcher has handed it on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'corral-input-'))
  const socketPath = join(folder, 'launcher.sock')
  const server = createServer().listen(socketPath)
  try {
    const lending = openInput({ socketPath } as Storage, { kind: 'bytes', bytes: Buffer.from('text') }, false)
    const [peer] = (await once(server, 'connection')) as [Socket]
    let hasEnded = false
    peer.on('end', () => (hasEnded = true))
    await once(peer, 'data')
    peer.write(encodeFrame([['type', 'ok']]))
    const input = await lending
    expect(String(await once(peer, 'data'))).toBe('text')
    await roundTrip(socketPath)
    expect(hasEnded).toBe(false)
    input.discard()
    await once(peer, 'close')
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

test('closes a source that goes on when nobody takes it any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'corral-input-'))
  const socketPath = join(folder, 'launcher.sock')
  const server = createServer().listen(socketPath)
  try {
    const closed = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const source = async function* (): AsyncGenerator<string> {
      try {
        yield 'one'
        await ended.promise
        yield 'two'
      } finally {
        closed.resolve()
      }
    }
    const lending = openInput({ socketPath } as Storage, { kind: 'stream', source: source() }, true)
    const [peer] = (await once(server, 'connection')) as [Socket]
    await once(peer, 'data')
    peer.write(encodeFrame([['type', 'ok']]))
    const sent = (await lending).send!()
    expect(String(await once(peer, 'data'))).toBe('one')
    peer.end()
    await sent
    await once(peer, 'close')
    ended.resolve()
    await closed.promise
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

/** What was sent before is there after it. */
async function roundTrip(socketPath: string): Promise<void> {
  const connection = connect(socketPath)
  await once(connection, 'connect')
  connection.destroy()
}
