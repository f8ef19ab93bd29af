import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'

import { InvalidOptionError } from '@corral/runner/errors'

import { CertificateError } from './certificate-error.ts'
import { certificateFile, checkName, findCertificate, keyFile, openCa, replaceFile, type Ca } from './folder.ts'
import { lifetime } from './lifetime.ts'
import { readCrl } from './revoke.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  exportKey,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  makeKeys,
  signingAlgorithm,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
} from './x509.ts'

export interface IssueOptions {
  /** What the certificate is good for: to be a daemon, or to call one. Default: `client`. */
  use?: 'server' | 'client'
  /** Of a server: the names and addresses by which clients reach it. Default: its name. */
  hosts?: readonly string[]
  /** Of a client: an identity instead of its name, as a URI such as `spiffe://example.org/build`. */
  uri?: string
  /** How long it holds, in days; never longer than the CA. Default: 365. Sane: 1 to 825. */
  days?: number
}

export interface IssuedCertificate {
  name: string
  /** Who the daemon takes the holder for: the `uri`, else the name. */
  identity: string
  /** In hex. */
  serialNumber: string
  notAfter: Date
  /** Path of the certificate, in PEM. */
  certificate: string
  /** Path of the private key, in PEM (PKCS #8), mode 0600. */
  key: string
}

/**
 * Makes a key and a certificate as `<name>.key` and `<name>.crt` in a CA's folder. What a name has is replaced only when
 * it is revoked or expired.
 *
 * There is no role in a certificate: `corral certs issue NAME --role operator` calls this, and then shows
 * `identityEntry(identity, role)` for the daemon's `corrald.toml`; `--role server` is `use: 'server'`.
 * @throws {CertificateError} when there is no CA, or the name has a certificate that holds.
 */
export async function issueCertificate(
  folder: string,
  name: string,
  options: IssueOptions = {},
): Promise<IssuedCertificate> {
  checkName(name)
  const ca = await openCa(folder)
  await checkUnused(folder, name)
  return issue(folder, name, ca, options)
}

async function issue(folder: string, name: string, ca: Ca, options: IssueOptions): Promise<IssuedCertificate> {
  const keys = await makeKeys()
  const { notBefore, notAfter } = lifetime(options.days ?? 365, ca.certificate)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: makeSerialNumber(),
    subject: [{ CN: [name] }],
    issuer: ca.certificate.subjectName.toJSON(),
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(ca.certificate.publicKey),
      ...purposeOf(name, options),
    ],
  })
  const paths = { certificate: certificateFile(folder, name), key: keyFile(folder, name) }
  // The key first: a certificate without its key would be of no use.
  await replaceFile(paths.key, await exportKey(keys.privateKey), 0o600)
  await replaceFile(paths.certificate, `${certificate.toString('pem')}\n`, 0o644)
  const { serialNumber } = certificate
  return { name, identity: options.uri ?? name, serialNumber, notAfter: certificate.notAfter, ...paths }
}

/** Positive, and with 127 bits of chance: nobody else's, and not to be guessed. */
export function makeSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}

function purposeOf(name: string, { use = 'client', hosts = [name], uri }: IssueOptions): Extension[] {
  if (use === 'server') {
    const names = hosts.map((host) => ({
      type: isIP(host) ? ('ip' as const) : ('dns' as const),
      value: checkHost(host),
    }))
    return [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]), new SubjectAlternativeNameExtension(names)]
  }
  const purpose = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])
  if (uri === undefined) return [purpose]
  return [purpose, new SubjectAlternativeNameExtension([{ type: 'url', value: checkUri(uri) }])]
}

/** @throws {InvalidOptionError} for what is no host's. */
export function checkHost(host: string): string {
  if (isIP(host) || /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(host)) return host
  throw new InvalidOptionError('hosts', host, 'names and addresses of hosts, such as build.example.org or 10.0.0.7')
}

function checkUri(uri: string): string {
  // In the daemon's configuration * stands for any text, and unix: for users of the host.
  if (/^(?!unix(-group)?:)[a-z][a-z0-9+.-]*:[!-)+-~]{1,250}$/i.test(uri)) return uri
  const accepted =
    'a URI of at most 250 characters such as spiffe://example.org/build, without *, of another scheme than unix'
  throw new InvalidOptionError('uri', uri, accepted)
}

async function checkUnused(folder: string, name: string): Promise<void> {
  const known = await findCertificate(folder, name)
  if (known === undefined || known.notAfter.getTime() < Date.now()) return
  const crl = await readCrl(folder)
  if (crl?.findRevoked(known.serialNumber)) return
  const path = certificateFile(folder, name)
  const message = `${path} is there, and holds until ${known.notAfter.toISOString()}: revoke it first (corral certs revoke ${name}), or choose another name`
  throw new CertificateError(message, path)
}
