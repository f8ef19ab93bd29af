// Before anything of x509 is: its decorators are made with it.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'

import { webcrypto } from 'node:crypto'

import { cryptoProvider } from '@peculiar/x509'

import { decodePem, encodePem } from './pem.ts'

cryptoProvider.set(webcrypto)

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  type JsonName,
} from '@peculiar/x509'

/** Keys are of P-256, which everything that speaks TLS 1.3 has. */
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' }

export const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

/** A key and its public part. */
export type Keys = webcrypto.CryptoKeyPair

export async function makeKeys(): Promise<Keys> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
}

export async function exportKey(key: CryptoKey): Promise<string> {
  return encodePem('PRIVATE KEY', new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', key)))
}

/** @throws {Error} when it is not an EC key in PKCS #8. */
export async function importKey(pem: string): Promise<CryptoKey> {
  const [der] = decodePem('PRIVATE KEY', pem)
  if (der === undefined) throw new Error('no private key in PEM (-----BEGIN PRIVATE KEY-----) is in it')
  return webcrypto.subtle.importKey('pkcs8', der, keyAlgorithm, false, ['sign'])
}
