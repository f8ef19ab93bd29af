import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'

import { initCa } from '@corral/certs'
import { describe, expect } from 'vitest'

import { connectHttp2, get, test, tlsOptions, type ClientFiles } from '../support/doors.ts'
import { runDoors, type DoorsProgram } from '../support/doors-program.ts'

/** What a flood may add to the daemon's memory, in bytes: far less than a thousand handshakes take. */
const growthMax = 48 * 1_048_576

/** A daemon's listeners in a process of their own, that a good client has warmed up. */
async function startFlooded(folder: string): Promise<{ doors: DoorsProgram; port: number; admin: ClientFiles }> {
  const { server, ca, crl, admin } = await initCa(join(folder, 'certs'))
  const files = { certificate: server.certificate, key: server.key, ca, crl }
  const doors = await runDoors({
    unix: [{ path: join(folder, 'run/corrald.sock') }],
    tls: [{ host: '127.0.0.1', port: 0, ...files }],
  })
  const port = Number(doors.addresses.find(({ name }) => name === 'tls')!.address.split(':')[1])
  const client = { ca, certificate: admin.certificate, key: admin.key }
  for (let round = 0; round < 20; round++) await beServed(port, client)
  return { doors, port, admin: client }
}

/** A good client comes, is served, and goes. */
async function beServed(port: number, files: ClientFiles): Promise<void> {
  const session = await connectHttp2(port, files)
  expect(await get(session, '/who')).toContain('"identity":"admin"')
  const closed = once(session, 'close')
  session.close()
  await closed
}

/** Resolves once so many of these have been closed. */
async function untilGone(sockets: readonly net.Socket[], count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let gone = 0
    for (const socket of sockets) {
      socket.once('close', () => {
        gone++
        if (gone === count) resolve()
      })
    }
  })
}

const warnings = ({ lines }: DoorsProgram): unknown[] => lines.filter(({ level }) => level !== 'info')

describe('a good client is served, and memory is bounded, while', () => {
  test('1,000 connections say half of what they have to', async ({ folder }) => {
    const { doors, port, admin } = await startFlooded(folder)
    await using _ = doors
    const before = await doors.memory()
    const sockets: net.Socket[] = []
    const halfHello = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])
    for (let index = 0; index < 1000; index++) {
      const socket = net.connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {}).write(halfHello)
      sockets.push(socket)
    }
    const evicted = untilGone(sockets, 1000 - 128)
    for (let round = 0; round < 5; round++) await beServed(port, admin)
    // The oldest have made room.
    await evicted
    await beServed(port, admin)
    expect((await doors.memory()) - before).toBeLessThan(growthMax)
    expect(warnings(doors).length).toBeLessThan(10)
    for (const socket of sockets) socket.destroy()
  })

  test('500 handshakes are bad', async ({ folder }) => {
    const { doors, port, admin } = await startFlooded(folder)
    await using _ = doors
    const before = await doors.memory()
    const stranger = await tlsOptions({ ca: admin.ca })
    const other = await initCa(join(folder, 'other'))
    const wrong = await tlsOptions({ ca: admin.ca, certificate: other.admin.certificate, key: other.admin.key })
    const kinds = [
      () => tls.connect({ port, host: '127.0.0.1', ...stranger }),
      () => tls.connect({ port, host: '127.0.0.1', ...wrong }),
      () => tls.connect({ port, host: '127.0.0.1', ...stranger, maxVersion: 'TLSv1.2' }),
      () => net.connect({ port, host: '127.0.0.1' }).end('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      () => net.connect({ port, host: '127.0.0.1' }).end(Buffer.alloc(4096, 0xff)),
    ]
    for (let round = 0; round < 25; round++) {
      const sockets = Array.from({ length: 20 }, (_, index) => kinds[index % kinds.length]!())
      for (const socket of sockets) socket.on('error', () => {}).resume()
      await Promise.all(sockets.map((socket) => new Promise((resolve) => void socket.once('close', resolve))))
      if (round % 5 === 4) await beServed(port, admin)
    }
    expect((await doors.memory()) - before).toBeLessThan(growthMax)
    // Each kind has a line, and those that followed are counted.
    expect(warnings(doors).length).toBeLessThan(20)
  })

  test('1,000 connections to the Unix socket say nothing', async ({ folder }) => {
    const { doors } = await startFlooded(folder)
    await using _ = doors
    const path = join(folder, 'run/corrald.sock')
    const before = await doors.memory()
    const sockets = Array.from({ length: 1000 }, () => net.connect(path).on('error', () => {}))
    for (const socket of sockets) socket.resume()
    await untilGone(sockets, 1000 - 128)
    const good = net.connect(path)
    good.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n')
    const [answer] = (await once(good, 'data')) as [Buffer]
    expect(String(answer)).toContain('unix:root')
    expect((await doors.memory()) - before).toBeLessThan(growthMax)
    expect(warnings(doors).length).toBeLessThan(10)
    for (const socket of [good, ...sockets]) socket.destroy()
  })
})
