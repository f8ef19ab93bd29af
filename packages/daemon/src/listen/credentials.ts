import { constants, createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import tls, { type SecureContextOptions } from 'node:tls'

import { readRevocationLists, type RevocationList } from '@corral/certs/revocation-list'

import { ListenError } from './listen-error.ts'
import type { TlsListenerOptions } from './options.ts'

/** What the files of a TLS listener say, at one time. */
export interface Credentials {
  context: SecureContextOptions
  /** The daemon's own certificate. */
  certificate: X509Certificate
  /** Undefined: there is no list. */
  revocations: RevocationList | undefined
  /** Whether a certificate was signed by one of the CAs. */
  trusts(certificate: X509Certificate): boolean
  /** The same for the same files. */
  digest: string
}

/** Which files they are. */
export function credentialFiles({ certificate, key, ca, crl }: TlsListenerOptions): string[] {
  return [certificate, key, ca, ...(crl === undefined ? [] : [crl])]
}

/**
 * Reads the files, and tries them.
 * @throws {ListenError} that names the file that is missing or cannot be used.
 */
export async function loadCredentials(options: TlsListenerOptions): Promise<Credentials> {
  const [certificate, key, ca, crl] = await Promise.all([
    readPem(options.certificate),
    readPem(options.key),
    readPem(options.ca),
    options.crl === undefined ? undefined : readPem(options.crl),
  ])
  const own = attempt(options.certificate, 'a certificate in PEM', () => new X509Certificate(certificate))
  const cas = attempt(options.ca, 'certificates in PEM', () => readCertificates(ca))
  const revocations =
    crl === undefined ? undefined : attempt(options.crl!, 'a revocation list in PEM', () => readRevocationLists(crl))
  const context: SecureContextOptions = {
    cert: certificate,
    key,
    ca: cas.map(String),
    ...(revocations ? { crl: [...revocations.lists] } : {}),
    minVersion: 'TLSv1.3',
    // A session that is resumed would not be looked at again: neither whether its certificate is revoked, nor expired.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
  attempt(options.key, `the private key of ${options.certificate}`, () => tls.createSecureContext(context))
  return {
    context,
    certificate: own,
    revocations,
    trusts: trustIn(cas),
    digest: digestOf(certificate, key, ca, crl ?? ''),
  }
}

async function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ListenError(`cannot read ${path}: ${cause.message}`, path, { cause })
  })
}

function attempt<T>(path: string, expected: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new ListenError(`${path} is not ${expected}: ${(cause as Error).message}`, path, { cause })
  }
}

function readCertificates(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g) ?? []
  if (blocks.length === 0) throw new Error('no certificate (-----BEGIN CERTIFICATE-----) is in it')
  return blocks.map((block) => new X509Certificate(block))
}

function trustIn(cas: readonly X509Certificate[]): (certificate: X509Certificate) => boolean {
  return (certificate) =>
    cas.some(
      (ca) =>
        ca.fingerprint256 === certificate.fingerprint256 ||
        (certificate.checkIssued(ca) && certificate.verify(ca.publicKey)),
    )
}

function digestOf(...texts: string[]): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length}:${text}`)
  return hash.digest('hex')
}
