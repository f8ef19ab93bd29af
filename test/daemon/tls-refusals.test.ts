import { once } from 'node:events'
import { join } from 'node:path'
import tls from 'node:tls'

import { initCa, revokeCertificate } from '@corral/certs'
import { describe, expect } from 'vitest'

import { asClient, curl, get, connectHttp2, test, tlsOptions, type ClientFiles, type Doors } from '../support/doors.ts'
import { makeOddCertificate } from '../support/odd-certificates.ts'

/** Tries to speak with the daemon, and gives what came; the connection has ended by then. */
async function tryTls(doors: Doors, files: ClientFiles, options: tls.ConnectionOptions = {}): Promise<string> {
  const socket = tls.connect({ port: doors.port, host: '127.0.0.1', ...(await tlsOptions(files)), ...options })
  let received = ''
  socket.on('error', () => {}).on('data', (data) => (received += String(data)))
  socket.write('GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  await new Promise((resolve) => void socket.once('close', resolve))
  return received
}

const day = 24 * 60 * 60 * 1000
const daysFromNow = (days: number): Date => new Date(Date.now() + days * day)

/** Each gives the files of a client that must not be served. */
const refused: Record<string, { reason: string; files: (doors: Doors, folder: string) => Promise<ClientFiles> }> = {
  'no certificate': { reason: 'no-certificate', files: async ({ admin }) => ({ ca: admin.ca }) },
  'a certificate of another CA': {
    reason: 'untrusted',
    files: async ({ admin }, folder) => {
      const { admin: other } = await initCa(join(folder, 'other'))
      return { ca: admin.ca, certificate: other.certificate, key: other.key }
    },
  },
  'a certificate of another CA that has the same name': {
    reason: 'untrusted',
    files: async ({ admin }, folder) => {
      const { admin: other } = await initCa(join(folder, 'other'), { name: 'Corral CA on test' })
      return { ca: admin.ca, certificate: other.certificate, key: other.key }
    },
  },
  'a certificate that it has signed itself': {
    // Of several reasons OpenSSL tells the last: there is no list of this issuer either.
    reason: 'crl',
    files: ({ certs }) => makeOddCertificate(certs, { selfSigned: true }),
  },
  'an expired certificate': {
    reason: 'expired',
    files: ({ certs }) => makeOddCertificate(certs, { notBefore: daysFromNow(-2), notAfter: daysFromNow(-1) }),
  },
  'a certificate that is not valid yet': {
    reason: 'not-yet-valid',
    files: ({ certs }) => makeOddCertificate(certs, { notBefore: daysFromNow(1), notAfter: daysFromNow(2) }),
  },
  'the certificate of a server': {
    reason: 'purpose',
    files: async ({ certs, admin }) => ({
      ...{ ca: admin.ca, certificate: join(certs, 'server.crt'), key: join(certs, 'server.key') },
    }),
  },
}

describe('a client is refused that shows', () => {
  for (const [name, { reason, files }] of Object.entries(refused)) {
    test(name, async ({ openDoors, folder }) => {
      const doors = await openDoors()
      const client = await files(doors, folder)
      expect(await tryTls(doors, client)).toBe('')
      const line = await doors.log.find(`"reason":"${reason}"`)
      expect(line.level).toBe('warn')
      expect(line.fields['from']).toMatch(/^127\.0\.0\.1:\d+$/)
      const answer = await curl(...asClient(client), `https://localhost:${doors.port}/who`)
      expect(answer).toMatchObject({ status: expect.toSatisfy((status) => status > 0), stdout: '' })
      expect(doors.listeners.connections).toBe(0)
    })
  }

  test('a revoked certificate', async ({ openDoors, issue }) => {
    const { certs } = await openDoors({ unix: [], tls: [] })
    const files = await issue('bob')
    await revokeCertificate(certs, 'bob')
    const doors = await openDoors()
    expect(await tryTls(doors, files)).toBe('')
    await doors.log.find('"reason":"revoked"')
    expect(await tryTls(doors, doors.admin)).toContain('"identity":"admin"')
  })
})

test('what is older than TLS 1.3, and what is no TLS, is refused', async ({ openDoors }) => {
  const doors = await openDoors()
  const answer = await curl(...asClient(doors.admin), '--tls-max', '1.2', `https://localhost:${doors.port}/who`)
  expect(answer).toMatchObject({ status: 35, stdout: '' })
  await doors.log.find('"reason":"tls-version"')
  expect(await curl(`http://localhost:${doors.port}/who`)).toMatchObject({ stdout: '' })
  await doors.log.find('"reason":"not-tls"')
})

test('a session is not resumed, so that each certificate is looked at', async ({ openDoors, issue }) => {
  const doors = await openDoors()
  const files = await issue('bob')
  let session: Buffer | undefined
  const options = { port: doors.port, host: '127.0.0.1', ...(await tlsOptions(files)) }
  const first = tls.connect(options).on('session', (data) => (session = data))
  first.end('GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  first.resume()
  await once(first, 'close')
  const second = tls.connect({ ...options, ...(session && { session }) })
  await once(second, 'secureConnect')
  expect(second.isSessionReused()).toBe(false)
  second.destroy()
  await revokeCertificate(doors.certs, 'bob')
  await doors.log.find('Certificates are reloaded')
  expect(await tryTls(doors, files, session && { session })).toBe('')
})

describe('a certificate that names nobody who can be served is refused with words', () => {
  const odd: Record<string, [Parameters<typeof makeOddCertificate>[1], string]> = {
    'no name': [{ subject: [{ O: ['Example'] }] }, 'names nobody'],
    'two common names': [{ subject: [{ CN: ['alice'] }, { CN: ['bob'] }] }, 'several common names'],
    'the name of a Unix user': [{ subject: [{ CN: ['unix:root'] }] }, 'begins with unix:'],
    'a line break': [{ subject: [{ CN: ['alice\nbob'] }] }, 'do not print'],
  }
  for (const [name, [options, words]] of Object.entries(odd)) {
    test(name, async ({ openDoors }) => {
      const doors = await openDoors()
      const files = await makeOddCertificate(doors.certs, options)
      const url = `https://localhost:${doors.port}/who`
      for (const version of ['--http1.1', '--http2']) {
        const { stdout } = await curl(...asClient(files), version, '-w', '%{http_code}', url)
        expect(stdout).toMatch(/401$/)
        expect(JSON.parse(stdout.slice(0, -3))).toEqual({
          code: 'unauthenticated',
          message: expect.stringContaining(words),
        })
      }
      await doors.log.find('"reason":"identity"')
      const grpc = await curl(...asClient(files), '--http2', '-D', '-', '-H', 'content-type: application/grpc', url)
      expect(grpc.stdout).toMatch(/grpc-status: 16\r\n/)
      expect(decodeURIComponent(grpc.stdout)).toContain(words)
    })
  }
})

test('a URI among the alternative names is the identity, before the common name', async ({ openDoors, issue }) => {
  const doors = await openDoors()
  for (const uri of ['spiffe://example.org/build', 'https://example.org/a,b?c="d",URI:unix:root']) {
    const files = uri.includes('"')
      ? await makeOddCertificate(doors.certs, { uris: [uri, 'spiffe://second'] })
      : await issue('alice', { uri })
    const session = await connectHttp2(doors.port, files)
    expect(JSON.parse(await get(session, '/who'))).toMatchObject({ identity: uri, via: 'tls' })
    session.close()
    await once(session, 'close')
  }
})
