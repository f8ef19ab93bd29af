import { existsSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'

import { InvalidOptionError } from '@corral/runner/errors'

import { CertificateError } from './certificate-error.ts'
import { caCertificate, caKey, checkName, crlFile, makeFolder, openCa, replaceFile } from './folder.ts'
import { checkHost, issueCertificate, makeSerialNumber, type IssuedCertificate } from './issue.ts'
import { lifetime } from './lifetime.ts'
import { writeCrl } from './revoke.ts'
import {
  BasicConstraintsExtension,
  exportKey,
  KeyUsageFlags,
  KeyUsagesExtension,
  makeKeys,
  signingAlgorithm,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from './x509.ts'

/** What the daemon's certificate is called. */
const server = 'server'

export interface CaOptions {
  /** How the CA calls itself. Default: `Corral CA on <host name>`. */
  name?: string
  /** How long the CA holds, in days. Default: 3650. Sane: 30 to 3650. */
  days?: number
  /** By which names and addresses clients reach the daemon. Default: localhost, this host's name and its addresses. */
  hosts?: readonly string[]
  /** Whom the first client's certificate is for. Default: `admin`. */
  admin?: string
}

export interface NewCa {
  folder: string
  /** Path of the CA's certificate: the daemon's and the clients' `ca`. */
  ca: string
  /** Path of an empty revocation list: the daemon's `crl`. */
  crl: string
  server: IssuedCertificate
  admin: IssuedCertificate
}

/**
 * Makes a certificate authority in a folder, with a certificate for the daemon, one for an administrator, and an empty
 * revocation list: all that a daemon and its first client need.
 * @throws {CertificateError} when the folder has one.
 */
export async function initCa(folder: string, options: CaOptions = {}): Promise<NewCa> {
  const { name = `Corral CA on ${hostname()}`, days = 3650, hosts = ownHosts(), admin = 'admin' } = options
  checkOptions(days, hosts, admin)
  await makeFolder(folder)
  const taken = [caCertificate(folder), caKey(folder)].find((path) => existsSync(path))
  if (taken !== undefined) {
    throw new CertificateError(
      `${taken} is there: a certificate authority is not overwritten; choose another folder`,
      taken,
    )
  }
  await makeAuthority(folder, name, days)
  await writeCrl(folder, await openCa(folder))
  return {
    folder,
    ca: caCertificate(folder),
    crl: crlFile(folder),
    server: await issueCertificate(folder, server, { use: 'server', hosts, days: 825 }),
    admin: await issueCertificate(folder, admin),
  }
}

/** Before anything is made. */
function checkOptions(days: number, hosts: readonly string[], admin: string): void {
  lifetime(days)
  for (const host of hosts) checkHost(host)
  checkName(admin)
  if (admin === server)
    throw new InvalidOptionError('admin', admin, `another name than '${server}', which is the daemon's`)
}

async function makeAuthority(folder: string, name: string, days: number): Promise<void> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: makeSerialNumber(),
    name: [{ CN: [name] }],
    ...lifetime(days),
    keys,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  await replaceFile(caKey(folder), await exportKey(keys.privateKey), 0o600)
  await replaceFile(caCertificate(folder), `${certificate.toString('pem')}\n`, 0o644)
}

/** The names and addresses of this host, but those that hold on one link alone. */
function ownHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reachable = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address)
  return [...new Set(['localhost', hostname(), '127.0.0.1', '::1', ...reachable])]
}
