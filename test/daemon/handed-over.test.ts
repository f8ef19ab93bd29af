import { once } from 'node:events'
import { rename, stat } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'

import { initCa, type NewCa } from '@corral/certs'
import { expect } from 'vitest'

import { asClient, curl, test } from '../support/doors.ts'
import { runDoors, type DoorsProgram } from '../support/doors-program.ts'

/** A socket that listens, and its descriptor. As systemd does, this process opens it and never accepts from it. */
async function openSocket(where: net.ListenOptions): Promise<{ server: net.Server; fd: number }> {
  const server = net.createServer()
  server.listen(where)
  await once(server, 'listening')
  // oxlint-disable-next-line eslint/no-underscore-dangle
  return { server, fd: (server as unknown as { _handle: { fd: number } })._handle.fd }
}

async function closeSocket(server: net.Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

const tlsOf = ({ server, ca, crl }: NewCa, name?: string): object => ({
  ...{ host: '127.0.0.1', port: 1, certificate: server.certificate, key: server.key, ca, crl },
  ...(name && { name }),
})

test('sockets that are handed over take the place of those in the configuration', async ({ folder }) => {
  const certs = await initCa(join(folder, 'certs'))
  const path = join(folder, 'handed.sock')
  const unix = await openSocket({ path })
  const tcp = await openSocket({ host: '127.0.0.1', port: 0 })
  const { port } = tcp.server.address() as net.AddressInfo
  const options = { unix: [{ path: join(folder, 'unused.sock') }], tls: [tlsOf(certs, 'front') as never] }
  await using doors: DoorsProgram = await runDoors(options, [
    ['unix', unix.fd],
    ['front', tcp.fd],
  ])
  // Node removes the file of a socket that it closes, by its name.
  await rename(path, `${path}.moved`)
  await Promise.all([closeSocket(unix.server), closeSocket(tcp.server)])
  expect(doors.addresses).toEqual([
    { name: 'unix', address: 'descriptor 3' },
    { name: 'front', address: `127.0.0.1:${port}` },
  ])
  const local = await curl('--unix-socket', `${path}.moved`, 'http://localhost/who')
  expect(JSON.parse(local.stdout)).toMatchObject({ identity: 'unix:root', uid: 0 })
  const { ca, admin } = certs
  const remote = await curl(...asClient({ ca, ...admin }), `https://localhost:${port}/who`)
  expect(JSON.parse(remote.stdout)).toMatchObject({ identity: 'admin' })
  await expect(stat(join(folder, 'unused.sock'))).rejects.toThrow('ENOENT')
  // What it starts is not to take them for its own.
  const { environment } = doors.lines.find((line) => 'environment' in line) as { environment: string[] }
  expect(environment.filter((name) => name.startsWith('LISTEN_'))).toEqual([])
})

test('a socket of another kind, or that no listener has for a name, is refused', async ({ folder }) => {
  const certs = await initCa(join(folder, 'certs'))
  const unix = await openSocket({ path: join(folder, 'handed.sock') })
  const tcp = await openSocket({ host: '127.0.0.1', port: 0 })
  const options = { unix: [{ path: join(folder, 'unused.sock') }], tls: [tlsOf(certs) as never] }
  const wrong = [
    [['unix', tcp.fd], 'the socket unix of systemd is not a Unix socket'],
    [['tls', unix.fd], 'the socket tls of systemd is not one of TCP'],
  ] as const
  for (const [handed, words] of wrong) {
    await expect(runDoors(options, [handed])).rejects.toThrow(words)
  }
  const others = { unix: [{ path: join(folder, 'unused.sock') }] }
  await expect(runDoors(others, [['corrald.socket', unix.fd]])).rejects.toThrow(
    'systemd has handed over a socket called corrald.socket, which no listener has for a name',
  )
  await Promise.all([closeSocket(unix.server), closeSocket(tcp.server)])
})
