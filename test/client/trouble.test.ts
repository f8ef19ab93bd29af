import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'

import { initCa, issueCertificate, revokeCertificate } from '@corral/certs'
import { type ConnectOptions, RemoteError, RemoteRunner } from '@corral/client'
import { InvalidOptionError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { test } from '../support/test.ts'
import { openDoor } from './door.ts'

/** Somebody who is not root. */
const nobody = 65_534

/** What connecting comes to. */
async function failure(options: ConnectOptions): Promise<RemoteError> {
  try {
    await using runner = await RemoteRunner.connect(options)
    throw new Error(`connected to ${runner.storageRoot}`)
  } catch (error) {
    if (error instanceof RemoteError) return error
    throw error
  }
}

describe('over a socket', () => {
  test('there is none', async ({ folder }) => {
    const error = await failure({ host: `unix://${folder}/no.sock` })
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'UNREACHABLE' })
    expect(error.message).toBe(
      `could not reach corrald at unix://${folder}/no.sock: there is no such socket, so it does not run; start it (systemctl start corrald), or name the address of another`,
    )
  })

  test('nobody listens at it', async ({ folder }) => {
    const path = join(folder, 'left.sock')
    await writeFile(path, '')
    expect((await failure({ host: `unix://${path}` })).message).toContain('nobody listens there, so it does not run')
  })

  test('it is for others', async ({ folder }) => {
    await using door = await openDoor({ unix: [{ path: join(folder, 'private.sock'), mode: 0o600 }] })
    process.seteuid!(nobody)
    try {
      const error = await failure({ host: door.unix })
      expect(error).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'NOT_ALLOWED' })
      expect(error.message).toContain('allows its owner and its group; join that group')
    } finally {
      process.seteuid!(0)
    }
  })

  test('somebody else listens at it', async ({ folder }) => {
    const path = join(folder, 'other.sock')
    await using server = await listen((server) => server.listen(path), 'HTTP/1.1 400 Bad Request\r\n\r\n')
    expect(server.listening).toBe(true)
    const error = await failure({ host: `unix://${path}` })
    expect(error.message).toContain(`what listens at unix://${path} does not speak gRPC`)
  })

  test('whoever listens hangs up', async ({ folder }) => {
    const path = join(folder, 'mute.sock')
    await using server = await listen((server) => server.listen(path), undefined)
    expect(server.listening).toBe(true)
    expect((await failure({ host: `unix://${path}` })).message).toContain('hung up without a word')
  })
})

describe('over TLS', () => {
  test('nobody listens', async () => {
    await using server = await listen((server) => server.listen(0, '127.0.0.1'), undefined)
    const { port } = server.address() as { port: number }
    await server[Symbol.asyncDispose]()
    const error = await failure({ host: `https://127.0.0.1:${port}` })
    expect(error.message).toBe(
      `could not reach corrald at https://127.0.0.1:${port}: nobody listens there; start it, or check the port`,
    )
  })

  test('there is no such host', async () => {
    const error = await failure({ host: 'https://no-such-host.invalid:7411' })
    expect(error.message).toMatch(/no host of that name|could not be looked up/)
  })

  test('it is not TLS that is spoken', async () => {
    await using server = await listen((server) => server.listen(0, '127.0.0.1'), 'SSH-2.0-OpenSSH\r\n')
    const { port } = server.address() as { port: number }
    const error = await failure({ host: `https://127.0.0.1:${port}` })
    expect(error.message).toContain(`what listens at https://127.0.0.1:${port} does not speak TLS 1.3`)
  })

  test('no certificate', async ({ folder }) => {
    const { ca, host } = await openTlsDoor(folder)
    const error = await failure({ host: host.address, tls: { ca: ca.ca } })
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_REQUIRED' })
    expect(error.message).toBe(
      `corrald at ${host.address} asks for a certificate, and none was given: give yours as tls.cert and tls.key (corral certs issue makes one)`,
    )
    await host.close()
  })

  test('a certificate of another CA', async ({ folder }) => {
    const { ca, host } = await openTlsDoor(folder)
    const other = await initCa(join(folder, 'other'))
    const { certificate, key } = other.admin
    const error = await failure({ host: host.address, tls: { ca: ca.ca, cert: certificate, key } })
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_REFUSED' })
    expect(error.message).toContain('refused our certificate')
    await host.close()
  })

  test('a certificate that was revoked', async ({ folder }) => {
    const { ca, host } = await openTlsDoor(folder)
    const { certificate, key } = await issueCertificate(ca.folder, 'mallory')
    const options = { host: host.address, tls: { ca: ca.ca, cert: certificate, key } }
    await (await RemoteRunner.connect(options)).close()
    await revokeCertificate(ca.folder, 'mallory')
    await host.reload()
    expect(await failure(options)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_REFUSED' })
    await host.close()
  })

  test("the daemon's certificate is of another CA, or for another host", async ({ folder }) => {
    const { ca, host } = await openTlsDoor(folder)
    const { certificate: cert, key } = ca.admin
    const other = await initCa(join(folder, 'other'))
    const untrusted = await failure({ host: host.address, tls: { ca: other.ca, cert, key } })
    expect(untrusted).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'DAEMON_NOT_TRUSTED' })
    expect(untrusted.message).toContain('it is not of the CA that was given as tls.ca')
    const unnamed = await failure({ host: host.address, tls: { ca: ca.ca, cert, key, serverName: 'elsewhere' } })
    expect(unnamed.message).toContain('it is for another host')
    await host.close()
  })

  test('credentials that are not there', async ({ folder }) => {
    const tls = { cert: join(folder, 'no.crt'), key: join(folder, 'no.key') }
    await expect(RemoteRunner.connect({ host: 'localhost:1', tls })).rejects.toThrow(InvalidOptionError)
  })
})

test.for([
  ['ftp://x', 'host'],
  ['http://build-box:80', 'host'],
  ['build-box', 'host'],
  ['unix://relative', 'host'],
  ['https://build-box/path', 'host'],
  ['', 'host'],
] as const)('the address %j is refused', async ([host]) => {
  await expect(RemoteRunner.connect({ host })).rejects.toMatchObject({ option: 'host', received: host })
})

async function openTlsDoor(folder: string): Promise<{
  ca: Awaited<ReturnType<typeof initCa>>
  host: { address: string; reload: () => Promise<void>; close: () => Promise<void> }
}> {
  await mkdir(join(folder, 'pki'))
  const ca = await initCa(join(folder, 'pki/ca'), { hosts: ['localhost', '127.0.0.1'] })
  const door = await openDoor({
    tls: [
      { host: '127.0.0.1', port: 0, certificate: ca.server.certificate, key: ca.server.key, ca: ca.ca, crl: ca.crl },
    ],
  })
  return {
    ca,
    host: { address: door.tls, reload: () => door.reload(), close: async () => door[Symbol.asyncDispose]() },
  }
}

/** Listens, says something to whoever comes, and hangs up. */
async function listen(begin: (server: Server) => Server, greeting: string | undefined): Promise<Server> {
  const server = begin(createServer((socket) => (greeting === undefined ? socket.destroy() : socket.end(greeting))))
  server.on('connection', (socket) => socket.on('error', () => {}).resume())
  await once(server, 'listening')
  return server
}
