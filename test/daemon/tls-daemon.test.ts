import { execFile } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { issueCertificate, revokeCertificate } from '@corral/certs'
import { RemoteRunner } from '@corral/client'
import { expect } from 'vitest'

import { call } from '../foreign/curl.ts'
import { test } from './fixture.ts'

/** With a CA of the test's own. */
const config = {
  identity: [
    { match: 'admin', role: 'admin' },
    { match: 'bob', role: 'operator' },
  ],
}

test('whoever is revoked is cut off, and their jobs run on', async ({ openDaemon }) => {
  const daemon = await openDaemon({ tls: true, config })
  const tls = await daemon.issue('bob')
  await using admin = await RemoteRunner.connect({ host: daemon.tlsHost, tls: daemon.admin })
  await using bob = await RemoteRunner.connect({ host: daemon.tlsHost, tls, reconnect: { giveUpAfterMs: 0 } })
  const name = await bob.start({ command: ['sh', '-c', 'echo first; sleep 1000'] })
  const output = bob.output(name)[Symbol.asyncIterator]()
  expect(Buffer.from((await output.next()).value as Uint8Array).toString()).toBe('first\n')
  const [cut] = await Promise.allSettled([output.next(), revokeCertificate(daemon.ca.folder, 'bob')])
  expect(cut).toMatchObject({ status: 'rejected' })
  await daemon.logged('"reason":"revoked"')
  await expect(bob.status(name)).rejects.toThrow(/certificate/)
  expect(await admin.status(name)).toMatchObject({ state: 'active', owner: 'bob' })
  await admin.stop(name)
})

test('a stream goes on while the certificate of the daemon is replaced, and on SIGHUP', async ({
  openDaemon,
  folder,
}) => {
  const daemon = await openDaemon({ tls: true, config })
  await using admin = await RemoteRunner.connect({ host: daemon.tlsHost, tls: daemon.admin })
  const fifo = join(folder, 'fifo')
  await promisify(execFile)('mkfifo', [fifo])
  const name = await admin.start({ command: ['sh', '-c', `echo first; cat ${fifo}`] })
  const output = admin.output(name)[Symbol.asyncIterator]()
  await output.next()
  const { folder: certs, server } = daemon.ca
  const next = await issueCertificate(certs, 'next', { use: 'server', hosts: ['127.0.0.1', 'localhost'] })
  await copyFile(next.certificate, server.certificate)
  await copyFile(next.key, server.key)
  await daemon.logged(next.serialNumber.toUpperCase())
  daemon.process.kill('SIGHUP')
  await daemon.logged('The configuration was read again')
  await writeFile(fifo, 'second\n')
  expect(Buffer.from((await output.next()).value as Uint8Array).toString()).toBe('second\n')
  expect((await output.next()).done).toBe(true)
})

test('a good certificate of somebody whom the configuration does not know may do nothing', async ({ openDaemon }) => {
  const daemon = await openDaemon({ tls: true, config })
  const target = { address: daemon.tlsHost.slice('https://'.length), ...(await daemon.issue('carol')) }
  const answer = await call(target, 'List', {})
  expect(answer).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
  expect(JSON.stringify(answer.body)).toContain('carol')
})
