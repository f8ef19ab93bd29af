import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { test as base, describe, expect } from 'vitest'

import { identityEntry, initCa, issueCertificate, revokeCertificate } from './index.ts'
import { readRevocationLists } from './revocation-list.ts'

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-certs-'))
    await use(join(folder, 'ca'))
    await rm(folder, { recursive: true })
  },
})

const certificateAt = async (path: string): Promise<X509Certificate> => new X509Certificate(await readFile(path))
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

/** Whether the list of a folder names a certificate. */
async function isRevoked(folder: string, certificate: string): Promise<boolean> {
  const list = readRevocationLists(await readFile(join(folder, 'crl.pem'), 'utf8'))
  return list.revokes((await certificateAt(certificate)).raw)
}

describe('initCa', () => {
  test('makes all that a daemon and its first client need', async ({ folder }) => {
    const { ca, crl, server, admin } = await initCa(folder, { hosts: ['localhost', '10.0.0.7'] })
    const [authority, daemon, client] = await Promise.all(
      [ca, server.certificate, admin.certificate].map(certificateAt),
    )
    expect(authority!.ca).toBe(true)
    for (const issued of [daemon!, client!]) {
      expect(issued.checkIssued(authority!) && issued.verify(authority!.publicKey)).toBe(true)
      expect(issued.ca).toBe(false)
    }
    expect(daemon!.subjectAltName).toBe('DNS:localhost, IP Address:10.0.0.7')
    expect({ server: daemon!.keyUsage, client: client!.keyUsage }).toEqual({
      server: ['1.3.6.1.5.5.7.3.1'],
      client: ['1.3.6.1.5.5.7.3.2'],
    })
    expect(admin.identity).toBe('admin')
    const list = readRevocationLists(await readFile(crl, 'utf8'))
    expect(list.revokes(client!.raw)).toBe(false)
    expect(list.nextUpdate?.getTime()).toBe(authority!.validToDate.getTime())
  })

  test('keeps keys to their owner, and leaves nothing else', async ({ folder }) => {
    await initCa(folder)
    expect(await modeOf(folder)).toBe(0o700)
    const files = (await readdir(folder)).toSorted()
    expect(files).toEqual(['admin.crt', 'admin.key', 'ca.crt', 'ca.key', 'crl.pem', 'server.crt', 'server.key'])
    for (const file of files) expect(await modeOf(join(folder, file))).toBe(file.endsWith('.key') ? 0o600 : 0o644)
  })

  test('does not overwrite a CA', async ({ folder }) => {
    const { ca } = await initCa(folder)
    const before = await readFile(ca)
    await expect(initCa(folder)).rejects.toThrow('is there: a certificate authority is not overwritten')
    expect(await readFile(ca)).toEqual(before)
  })

  test('names what is wrong before it makes anything', async ({ folder }) => {
    await expect(initCa(folder, { days: 0 })).rejects.toThrow('days: received 0; accepted: a number of days above 0')
    await expect(initCa(folder, { admin: '../x' })).rejects.toThrow("name: received '../x'")
    await expect(initCa(folder, { hosts: ['a b'] })).rejects.toThrow("hosts: received 'a b'")
    await expect(readdir(folder)).rejects.toThrow('ENOENT')
  })
})

describe('issueCertificate', () => {
  test('puts who the holder is into the certificate', async ({ folder }) => {
    await initCa(folder)
    const alice = await issueCertificate(folder, 'alice')
    const build = await issueCertificate(folder, 'build', { uri: 'spiffe://example.org/build', days: 1 })
    expect((await certificateAt(alice.certificate)).subject).toBe('CN=alice')
    expect((await certificateAt(build.certificate)).subjectAltName).toBe('URI:spiffe://example.org/build')
    expect([alice.identity, build.identity]).toEqual(['alice', 'spiffe://example.org/build'])
    expect(build.notAfter.getTime()).toBeLessThan(Date.now() + 86_400_000 + 1000)
  })

  test('does not overwrite what holds, and replaces what is revoked', async ({ folder }) => {
    await initCa(folder)
    const first = await issueCertificate(folder, 'alice')
    await expect(issueCertificate(folder, 'alice')).rejects.toThrow('revoke it first (corral certs revoke alice)')
    await revokeCertificate(folder, 'alice')
    const second = await issueCertificate(folder, 'alice')
    expect(second.serialNumber).not.toBe(first.serialNumber)
    expect(await isRevoked(folder, second.certificate)).toBe(false)
  })

  test('gives none that outlives its CA', async ({ folder }) => {
    const { ca } = await initCa(folder, { days: 10 })
    const { notAfter } = await issueCertificate(folder, 'alice', { days: 365 })
    expect(notAfter.getTime()).toBe((await certificateAt(ca)).validToDate.getTime())
  })

  test('says what a name may be, and that there is no CA', async ({ folder }) => {
    for (const name of ['', 'ca', 'a/b', '.x', 'unix:root', 'x'.repeat(65)]) {
      await expect(issueCertificate(folder, name)).rejects.toThrow('name: received')
    }
    await expect(issueCertificate(folder, 'alice')).rejects.toThrow('corral certs init makes one')
    await initCa(folder)
    await expect(issueCertificate(folder, 'alice', { uri: 'unix:root' })).rejects.toThrow('uri: received')
  })
})

describe('revokeCertificate', () => {
  test('adds to the list what a name has, or a serial number', async ({ folder }) => {
    const { admin, server } = await initCa(folder)
    const alice = await issueCertificate(folder, 'alice')
    expect(await revokeCertificate(folder, 'alice')).toMatchObject({ serialNumber: alice.serialNumber, already: false })
    const spelled = admin.serialNumber.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')
    expect(await revokeCertificate(folder, spelled)).toMatchObject({ serialNumber: admin.serialNumber })
    expect(await revokeCertificate(folder, 'alice')).toMatchObject({ already: true })
    const revoked = [alice, admin, server].map(({ certificate }) => isRevoked(folder, certificate))
    expect(await Promise.all(revoked)).toEqual([true, true, false])
  })

  test('speaks of the own certificates alone', async ({ folder }) => {
    const { crl, admin } = await initCa(folder)
    const other = await initCa(join(folder, 'other'))
    await revokeCertificate(folder, 'admin')
    const list = readRevocationLists(`${await readFile(crl, 'utf8')}${await readFile(other.crl, 'utf8')}`)
    const [own, others] = await Promise.all([admin, other.admin].map(({ certificate }) => certificateAt(certificate)))
    expect([list.revokes(own!.raw), list.revokes(others!.raw)]).toEqual([true, false])
  })

  test('says that there is no such certificate', async ({ folder }) => {
    await initCa(folder)
    await expect(revokeCertificate(folder, 'nobody')).rejects.toThrow('has no certificate of nobody')
    await expect(revokeCertificate(folder, '../x')).rejects.toThrow('the name that a certificate was issued to')
  })

  test('loses nothing of a list that it cannot read', async ({ folder }) => {
    const { crl } = await initCa(folder)
    await writeFile(crl, 'broken')
    await expect(revokeCertificate(folder, 'admin')).rejects.toThrow(`${crl} holds no revocation list in PEM`)
    expect(await readFile(crl, 'utf8')).toBe('broken')
  })
})

test('identityEntry is what the configuration of the daemon takes', () => {
  expect(identityEntry('alice', 'operator')).toBe('[[identity]]\nmatch = "alice"\nrole = "operator"\n')
})
