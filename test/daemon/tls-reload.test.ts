import { once } from 'node:events'
import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import type { ClientHttp2Session } from 'node:http2'
import { join } from 'node:path'
import tls from 'node:tls'

import { initCa, issueCertificate, revokeCertificate } from '@corral/certs'
import { describe, expect } from 'vitest'

import { asClient, connectHttp2, curl, follow, get, test, tlsOptions, type Doors } from '../support/doors.ts'

/** The serial number of the certificate that the daemon shows now. */
async function shownSerial({ port, admin }: Doors, options?: tls.ConnectionOptions): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', ...(options ?? (await tlsOptions(admin))) })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerX509Certificate()!
  socket.destroy()
  return serialNumber.toLowerCase()
}

const closed = (session: ClientHttp2Session): Promise<unknown> =>
  session.closed ? Promise.resolve() : new Promise((resolve) => void session.once('close', resolve))

describe('while a stream goes on', () => {
  test('another certificate is shown as soon as it is there', async ({ openDoors, folder }) => {
    const doors = await openDoors()
    const session = await connectHttp2(doors.port, doors.admin)
    const stream = await follow(session)
    const before = await shownSerial(doors)
    // One of the same CA: the files are replaced one after another.
    await revokeCertificate(doors.certs, 'server')
    const renewed = join(folder, 'renewed')
    await mkdir(renewed)
    const next = await issueCertificate(doors.certs, 'next', { use: 'server', hosts: ['localhost'] })
    for (const end of ['crt', 'key']) await rename(join(doors.certs, `next.${end}`), join(renewed, `next.${end}`))
    await copyFile(join(renewed, 'next.crt'), join(doors.certs, 'server.crt'))
    await copyFile(join(renewed, 'next.key'), join(doors.certs, 'server.key'))
    await doors.log.find(next.serialNumber.toUpperCase())
    expect(await shownSerial(doors)).toBe(next.serialNumber)
    expect(before).not.toBe(next.serialNumber)
    // What holds for all handshakes still does.
    const url = `https://localhost:${doors.port}/who`
    expect(await curl(...asClient(doors.admin), '--tls-max', '1.2', url)).toMatchObject({ status: 35, stdout: '' })
    expect(await curl(...asClient({ ca: doors.admin.ca }), url)).toMatchObject({ stdout: '' })
    await doors.log.find('"reason":"no-certificate"')
    await get(session, '/release')
    await once(stream, 'end')
    session.close()
  })

  test('a file that cannot be used is logged, and the one before it goes on being used', async ({ openDoors }) => {
    const doors = await openDoors()
    const session = await connectHttp2(doors.port, doors.admin)
    const stream = await follow(session)
    const client = await tlsOptions(doors.admin)
    const serial = await shownSerial(doors, client)
    for (const [file, words] of [
      ['server.crt', 'is not a certificate in PEM'],
      ['server.key', 'is not the private key of'],
      ['ca.crt', 'is not certificates in PEM'],
      ['crl.pem', 'is not a revocation list in PEM'],
    ] as const) {
      const path = join(doors.certs, file)
      const good = await readFile(path)
      await writeFile(path, 'broken\n')
      const line = await doors.log.find(`${path} ${words}`)
      expect(line.level).toBe('error')
      expect(await shownSerial(doors, client)).toBe(serial)
      await writeFile(path, good)
    }
    // What is there again is what was used before: nothing is new.
    await doors.listeners.reload()
    expect(doors.log.lines.filter(({ message }) => message === 'Certificates are reloaded')).toEqual([])
    await get(session, '/release')
    await once(stream, 'end')
    session.close()
  })

  test('a revoked client is cut off, and nobody else', async ({ openDoors, issue }) => {
    const doors = await openDoors()
    const bob = await connectHttp2(doors.port, await issue('bob'))
    const alice = await connectHttp2(doors.port, await issue('alice'))
    const [lost, kept] = [await follow(bob), await follow(alice)]
    await revokeCertificate(doors.certs, 'bob')
    await closed(bob)
    expect(lost.destroyed).toBe(true)
    await doors.log.find('"reason":"revoked"')
    await get(alice, '/release')
    await once(kept, 'end')
    alice.close()
  })

  test('the clients of a CA that is no longer trusted are cut off', async ({ openDoors, folder }) => {
    const doors = await openDoors({ ...(await withoutCrl(folder)) })
    const session = await connectHttp2(doors.port, doors.admin)
    await follow(session)
    const other = await initCa(join(folder, 'other'))
    await copyFile(other.ca, join(doors.certs, 'ca.crt'))
    await closed(session)
    await doors.log.find('"reason":"untrusted"')
  })

  test('a client is cut off when its certificate expires', async ({ openDoors, issue }) => {
    const doors = await openDoors()
    const files = await issue('bob', { days: 2.5 / 86_400 })
    const session = await connectHttp2(doors.port, files)
    await follow(session)
    await closed(session)
    await doors.log.find('"reason":"expired"')
    expect(Date.now()).toBeGreaterThanOrEqual(files.notAfter.getTime())
  })
})

/** A listener for a CA that has no revocation lists. */
async function withoutCrl(
  folder: string,
): Promise<{ tls: { host: string; port: number; certificate: string; key: string; ca: string }[] }> {
  const certs = join(folder, 'certs')
  const { server, ca } = await initCa(certs)
  return { tls: [{ host: '127.0.0.1', port: 0, certificate: server.certificate, key: server.key, ca }] }
}

test('files that are links to others are followed anew when the links change', async ({ openDoors, folder }) => {
  const { certs } = await openDoors({ unix: [], tls: [] })
  const live = join(folder, 'live')
  await mkdir(live)
  // As Kubernetes mounts a secret: a link to a folder, which is replaced as a whole.
  await symlink(certs, join(live, '..data'))
  const place = (file: string): string => join(live, file)
  for (const file of ['server.crt', 'server.key', 'ca.crt']) await symlink(`..data/${file}`, place(file))
  const files = { certificate: place('server.crt'), key: place('server.key'), ca: place('ca.crt') }
  const doors = await openDoors({ tls: [{ host: '127.0.0.1', port: 0, ...files }] })
  const before = await shownSerial(doors)
  const next = await initCa(join(folder, 'next'))
  await symlink(next.folder, join(live, '..data.new'))
  await rename(join(live, '..data.new'), join(live, '..data'))
  await doors.log.find(next.server.serialNumber.toUpperCase())
  const renewed = { ...doors, admin: { ca: next.ca, certificate: next.admin.certificate, key: next.admin.key } }
  expect(await shownSerial(renewed)).toBe(next.server.serialNumber)
  expect(before).not.toBe(next.server.serialNumber)
})

test('a listener is not opened with files that cannot be used', async ({ openDoors, folder }) => {
  const { certs } = await openDoors({ unix: [], tls: [] })
  const file = (name: string): string => join(certs, name)
  const good = {
    host: '127.0.0.1',
    port: 0,
    certificate: file('server.crt'),
    key: file('server.key'),
    ca: file('ca.crt'),
  }
  const wrong: [Partial<typeof good>, string][] = [
    [{ certificate: file('none.crt') }, `cannot read ${file('none.crt')}`],
    [{ key: file('admin.key') }, `${file('admin.key')} is not the private key of ${file('server.crt')}`],
    [{ ca: file('server.key') }, `${file('server.key')} is not certificates in PEM`],
    [{ host: '192.0.2.1' }, 'cannot listen on 192.0.2.1:0'],
  ]
  for (const [change, words] of wrong) {
    const socket = { path: join(folder, 'run/other.sock') }
    await expect(openDoors({ unix: [socket], tls: [{ ...good, ...change }] })).rejects.toThrow(words)
  }
})
