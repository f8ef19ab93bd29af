import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'

import { describe, expect } from 'vitest'

import { connectHttp2, follow, get, test, tlsOptions, type Doors } from '../support/doors.ts'

/** Opens a connection that speaks HTTP/1.1, or whatever is written to it. */
async function connectTls(doors: Doors, alpn?: string): Promise<tls.TLSSocket> {
  const options = { port: doors.port, host: '127.0.0.1', ...(await tlsOptions(doors.admin)) }
  const socket = tls.connect({ ...options, ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }) })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

/** Resolves when it is closed, whatever comes before; gives that. */
async function untilClosed(socket: net.Socket | ClientHttp2Session): Promise<string> {
  let received = ''
  if (socket instanceof net.Socket) socket.on('data', (data) => (received += String(data)))
  await new Promise((resolve) => void socket.once('close', resolve))
  return received
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** An HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.set([type, flags], 3)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

const settings = frame(4, 0, 0)
const settingsAck = frame(4, 1, 0)

describe('a connection', () => {
  test('that has no request is ended after a while, with a word', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { idleTimeoutMs: 150 } })
    const session = await connectHttp2(doors.port, doors.admin)
    const stream = await follow(session)
    const goaway = once(session, 'goaway')
    const other = await connectHttp2(doors.port, doors.admin)
    await untilClosed(other)
    // The one that has a request is there all the same.
    expect(session.closed).toBe(false)
    await get(session, '/release')
    await once(stream, 'end')
    expect((await goaway)[0]).toBe(0)
  })

  test('over HTTP/1.1 that has no request is ended after a while', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { idleTimeoutMs: 150 } })
    const socket = await connectTls(doors)
    socket.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await untilClosed(socket)).toContain('200 OK')
  })

  test('whose client no longer answers is ended, and one whose client does is not', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { keepAliveMs: 100, keepAliveTimeoutMs: 200 } })
    const session = await connectHttp2(doors.port, doors.admin)
    const stream = await follow(session)
    const pinged = once(session, 'ping')
    const silent = await connectTls(doors, 'h2')
    // It says hello, and nothing more: neither does it answer a ping.
    silent.write(Buffer.concat([Buffer.from(preface), settings, settingsAck]))
    await untilClosed(silent)
    await pinged
    expect(session.closed).toBe(false)
    await get(session, '/release')
    await once(stream, 'end')
    session.close()
  })

  test('has as many requests at once as it may have', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { maxStreamsPerConnection: 2 } })
    const session = await connectHttp2(doors.port, doors.admin)
    expect(session.remoteSettings.maxConcurrentStreams).toBe(2)
    await Promise.all([follow(session), follow(session)])
    // The third is sent when one of these has ended.
    const third = get(session, '/who')
    const other = await connectHttp2(doors.port, doors.admin)
    await get(other, '/release')
    expect(await third).toContain('admin')
    for (const each of [session, other]) each.close()
  })

  test('that floods with settings, with pings, or with resets, is ended', async ({ openDoors }) => {
    const doors = await openDoors()
    const open = Buffer.concat([Buffer.from(preface), settings])
    // :method GET, :scheme https, :path /, of HPACK's static table, and then the stream is reset.
    const request = (id: number): Buffer =>
      Buffer.concat([frame(1, 5, id, Buffer.from([0x82, 0x87, 0x84])), frame(3, 0, id, Buffer.from([0, 0, 0, 8]))])
    // A little of each is nothing.
    const calm = await connectTls(doors, 'h2')
    calm.write(Buffer.concat([open, settingsAck, request(1), request(3), frame(6, 0, 0, Buffer.from('12345678'))]))
    let answer = Buffer.alloc(0)
    while (!answer.includes('12345678')) answer = Buffer.concat([answer, ...((await once(calm, 'data')) as Buffer[])])
    calm.destroy()
    await untilClosed(calm)
    const floods = {
      settings: frame(4, 0, 0, Buffer.concat(Array.from({ length: 64 }, () => Buffer.from([0, 3, 0, 0, 0, 1])))),
      resets: Buffer.concat(Array.from({ length: 2000 }, (_, index) => request(2 * index + 1))),
      'broken frames': Buffer.concat(Array.from({ length: 400 }, () => frame(0, 0, 1001, Buffer.from('x')))),
    }
    for (const [name, flood] of Object.entries(floods)) {
      const socket = await connectTls(doors, 'h2')
      socket.write(Buffer.concat([open, flood]))
      await untilClosed(socket)
      expect({ name, left: doors.listeners.connections }).toEqual({ name, left: 0 })
    }
  })
})

describe('a request', () => {
  test('whose header takes too long is refused', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { headersTimeoutMs: 200 } })
    const socket = await connectTls(doors)
    socket.write('GET /who HTTP/1.1\r\nhost: x\r\n')
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408/)
  })

  test('that takes too long to arrive is refused, and its response takes as long as it does', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 200 } })
    const session = await connectHttp2(doors.port, doors.admin)
    const [long, http1Long] = [await follow(session), await connectTls(doors)]
    http1Long.write('GET /follow HTTP/1.1\r\nhost: x\r\n\r\n')
    let received = ''
    http1Long.on('data', (data) => (received += String(data)))
    const half = session.request({ ':path': '/size', ':method': 'POST' })
    half.on('error', () => {})
    half.write('half of it')
    await new Promise((resolve) => void half.once('close', resolve))
    expect(half.rstCode).toBe(8)
    const http1 = await connectTls(doors)
    http1.write('POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
    expect(await untilClosed(http1)).toMatch(/^HTTP\/1\.1 408/)
    await get(session, '/release')
    await once(long, 'end')
    while (!received.includes('end')) await once(http1Long, 'data')
    http1Long.destroy()
    session.close()
  })

  test('whose header is too large is refused, and others of the connection are served', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { maxHeaderBytes: 4096 } })
    const session = await connectHttp2(doors.port, doors.admin)
    const large = session.request({ ':path': '/who', large: 'x'.repeat(20_000) })
    await expect(once(large, 'response')).rejects.toThrow('NGHTTP2_ENHANCE_YOUR_CALM')
    const other = session.destroyed ? await connectHttp2(doors.port, doors.admin) : session
    expect(await get(other, '/who')).toContain('admin')
    other.close()
    const socket = await connectTls(doors)
    socket.write(`GET /who HTTP/1.1\r\nhost: x\r\nlarge: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 431/)
  })
})

describe('connections', () => {
  test('are as many as one peer may have, and there is room again once one has gone', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { maxConnectionsPerPeer: 2 } })
    const sessions = [await connectHttp2(doors.port, doors.admin), await connectHttp2(doors.port, doors.admin)]
    await expect(connectHttp2(doors.port, doors.admin)).rejects.toThrow(/disconnected|ECONNRESET/)
    await doors.log.find('"reason":"peer-connections"')
    // Another address is another peer.
    const other = await connectHttp2(doors.port, doors.admin, { localAddress: '127.0.0.2' } as tls.ConnectionOptions)
    sessions[0]!.close()
    await untilClosed(sessions[0]!)
    const again = await connectHttp2(doors.port, doors.admin)
    expect(doors.listeners.connections).toBe(3)
    for (const each of [sessions[1]!, other, again]) each.close()
  })

  test('are as many as there may be in all', async ({ openDoors }) => {
    const doors = await openDoors({ limits: { maxConnections: 1 } })
    const session = await connectHttp2(doors.port, doors.admin)
    const other = net.connect(doors.socket)
    other.on('error', () => {}).write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await untilClosed(other)).toBe('')
    await doors.log.find('"reason":"connections"')
    session.close()
  })

  test('that do not say who they are are ended, however slowly they go on', async ({ openDoors }) => {
    const reasons: string[] = []
    const onRefused = (reason: string): void => void reasons.push(reason)
    const doors = await openDoors({ limits: { handshakeTimeoutMs: 300 }, onRefused })
    for (const options of [{ port: doors.port, host: '127.0.0.1' }, { path: doors.socket }]) {
      const socket = net.connect(options)
      socket.on('error', () => {})
      // The beginning of a handshake, or of the preface, byte by byte.
      const bytes =
        'port' in options ? Buffer.from([22, 3, 1, 2, 0, ...Array<number>(500).fill(1)]) : Buffer.from(preface)
      let sent = 0
      const timer = setInterval(() => socket.write(bytes.subarray(sent, ++sent)), 20)
      await untilClosed(socket)
      clearInterval(timer)
    }
    expect(reasons).toEqual(['timeout', 'timeout'])
  })
})

test('limits out of their bounds are refused, with what is accepted', async ({ openDoors }) => {
  await expect(openDoors({ limits: { maxConnections: 0 } })).rejects.toThrow(
    'maxConnections: received 0; accepted: a whole number from 1 to 1000000',
  )
})
