import { readFile } from 'node:fs/promises'

import { InvalidOptionError } from '@corral/runner/errors'

import { CertificateError } from './certificate-error.ts'
import { crlFile, findCertificate, openCa, replaceFile, type Ca } from './folder.ts'
import { crlLabel, decodePem, encodePem } from './pem.ts'
import { AuthorityKeyIdentifierExtension, Extension, signingAlgorithm, X509Crl, X509CrlGenerator } from './x509.ts'

export interface Revocation {
  /** In hex. */
  serialNumber: string
  /** Path of the revocation list, in PEM: what the daemon's `crl` names. */
  crl: string
  /** It was revoked already. */
  already: boolean
}

/**
 * Revokes what a name has, or a serial number in hex, in the revocation list of a CA's folder. A daemon that reads the
 * list ends the connections of its holder.
 * @throws {CertificateError} when there is no CA, or no such certificate.
 */
export async function revokeCertificate(folder: string, nameOrSerial: string): Promise<Revocation> {
  const ca = await openCa(folder)
  const serialNumber = await findSerial(folder, nameOrSerial)
  const known = await readCrl(folder)
  const already = known?.findRevoked(serialNumber) != null
  if (!already) await writeCrl(folder, ca, known, serialNumber)
  return { serialNumber, crl: crlFile(folder), already }
}

async function findSerial(folder: string, nameOrSerial: string): Promise<string> {
  const accepted = 'the name that a certificate was issued to, or its serial number in hex'
  if (!/^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$/.test(nameOrSerial) || nameOrSerial === 'ca') {
    throw new InvalidOptionError('name', nameOrSerial, accepted)
  }
  const certificate = await findCertificate(folder, nameOrSerial)
  if (certificate) return certificate.serialNumber
  const hex = nameOrSerial.replaceAll(':', '').toLowerCase()
  if (/^([0-9a-f]{2}){8,20}$/.test(hex)) return hex
  throw new CertificateError(`${folder} has no certificate of ${nameOrSerial}; accepted: ${accepted}`, folder)
}

/** Undefined: the folder has no list. */
export async function readCrl(folder: string): Promise<X509Crl | undefined> {
  const path = crlFile(folder)
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CertificateError(`cannot read ${path}: ${error.message}`, path, { cause: error })
  })
  if (pem === undefined) return undefined
  const [der] = decodePem(crlLabel, pem)
  if (der === undefined) throw new CertificateError(`${path} holds no revocation list in PEM`, path)
  return new X509Crl(der)
}

/** Writes what the list had, and one more. It holds as long as its CA: nobody renews it. */
export async function writeCrl(folder: string, ca: Ca, known?: X509Crl, serialNumber?: string): Promise<void> {
  const entries = (known?.entries ?? []).map(({ serialNumber, revocationDate }) => ({ serialNumber, revocationDate }))
  if (serialNumber !== undefined) entries.push({ serialNumber, revocationDate: new Date() })
  const crl = await X509CrlGenerator.create({
    issuer: ca.certificate.subjectName.toJSON(),
    thisUpdate: new Date(Date.now() - 5 * 60 * 1000),
    nextUpdate: ca.certificate.notAfter,
    signingAlgorithm,
    signingKey: ca.key,
    entries,
    extensions: [await AuthorityKeyIdentifierExtension.create(ca.certificate.publicKey), crlNumber()],
  })
  await replaceFile(crlFile(folder), encodePem(crlLabel, new Uint8Array(crl.rawData)), 0o644)
}

/** Lists are told apart by numbers that rise (RFC 5280, 5.2.3): the time, in milliseconds, as an INTEGER in DER. */
function crlNumber(): Extension {
  const content = Buffer.alloc(8)
  content.writeBigInt64BE(BigInt(Date.now()))
  const start = content.findIndex((byte) => byte !== 0)
  const digits = content.subarray(content[start]! & 0x80 ? start - 1 : start)
  return new Extension('2.5.29.20', false, Buffer.concat([Buffer.from([0x02, digits.length]), digits]))
}
