import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { initCa } from '@corral/certs'
import { expect } from 'vitest'

import { encodePem } from '../../packages/certs/src/pem.ts'
import {
  BasicConstraintsExtension,
  exportKey,
  importKey,
  makeKeys,
  signingAlgorithm,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  type Keys,
} from '../../packages/certs/src/x509.ts'
import { connectHttp2, follow, get, test, type ClientFiles } from '../support/doors.ts'

const day = 24 * 60 * 60 * 1000
const subject = [{ CN: ['Intermediate'] }]

/** A certificate of an intermediate CA below a root, and its keys. */
async function makeIntermediate(root: X509Certificate, rootKey: CryptoKey): Promise<[X509Certificate, Keys]> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    ...{ subject, issuer: root.subjectName.toJSON(), signingAlgorithm, signingKey: rootKey, publicKey: keys.publicKey },
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  })
  return [certificate, keys]
}

/** A client's certificate of the intermediate CA, whose file has that of the latter behind it. */
async function makeClient(folder: string, intermediate: X509Certificate, { privateKey }: Keys): Promise<ClientFiles> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    ...{ subject: [{ CN: ['alice'] }], issuer: subject, signingAlgorithm, signingKey: privateKey },
    publicKey: keys.publicKey,
  })
  const files = { ca: join(folder, 'ca.crt'), certificate: join(folder, 'chain.crt'), key: join(folder, 'chain.key') }
  await writeFile(files.certificate, `${certificate.toString('pem')}\n${intermediate.toString('pem')}\n`)
  await writeFile(files.key, await exportKey(keys.privateKey))
  return files
}

/** A revocation list, in PEM. */
async function makeList(issuer: object[], signingKey: CryptoKey, serialNumbers: string[]): Promise<string> {
  const crl = await X509CrlGenerator.create({
    ...{ issuer: issuer as never, signingAlgorithm, signingKey, nextUpdate: new Date(Date.now() + day) },
    entries: serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
  })
  return encodePem('X509 CRL', new Uint8Array(crl.rawData))
}

test('a client of an intermediate CA is served, until that is revoked', async ({ openDoors, folder }) => {
  const certs = join(folder, 'certs')
  // A root that may have CAs below it.
  const { server, crl, ca } = await initCa(certs)
  const rootKeys = await makeKeys()
  const name = [{ CN: ['Root'] }]
  const root = await X509CertificateGenerator.createSelfSigned({
    ...{ name, keys: rootKeys, signingAlgorithm, extensions: [new BasicConstraintsExtension(true, 1, true)] },
  })
  await appendFile(ca, `${root.toString('pem')}\n`)
  const rootKey = await importKey(await exportKey(rootKeys.privateKey))
  const [intermediate, keys] = await makeIntermediate(root, rootKey)
  const own = await readFile(crl, 'utf8')
  const below = await makeList(subject, keys.privateKey, [])
  await writeFile(crl, `${own}${await makeList(name, rootKey, [])}${below}`)
  const files = await makeClient(certs, intermediate, keys)
  const doors = await openDoors({
    tls: [{ host: '127.0.0.1', port: 0, certificate: server.certificate, key: server.key, ca, crl }],
  })
  const session = await connectHttp2(doors.port, files)
  expect(await get(session, '/who')).toContain('"identity":"alice"')
  await follow(session)
  const closed = new Promise((resolve) => void session.once('close', resolve))
  await writeFile(crl, `${own}${await makeList(name, rootKey, [intermediate.serialNumber])}${below}`)
  await closed
  await doors.log.find('"reason":"revoked"')
})
