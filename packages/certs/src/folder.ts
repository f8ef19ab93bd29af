import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { InvalidOptionError } from '@corral/runner/errors'

import { CertificateError } from './certificate-error.ts'
import { importKey, X509Certificate } from './x509.ts'

/** Where things are in a CA's folder. */
export const caCertificate = (folder: string): string => join(folder, 'ca.crt')
export const caKey = (folder: string): string => join(folder, 'ca.key')
export const crlFile = (folder: string): string => join(folder, 'crl.pem')
export const certificateFile = (folder: string, name: string): string => join(folder, `${name}.crt`)
export const keyFile = (folder: string, name: string): string => join(folder, `${name}.key`)

/** A name is part of a file's, and is who the certificate says its holder is. */
export function checkName(name: string): void {
  const accepted = "1 to 64 letters, digits, '.', '_', '-' and '@', of which the first is a letter or digit; not 'ca'"
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name) || name === 'ca') {
    throw new InvalidOptionError('name', name, accepted)
  }
}

/** A CA that `initCa` has made. */
export interface Ca {
  certificate: X509Certificate
  key: CryptoKey
}

/** @throws {CertificateError} when there is none. */
export async function openCa(folder: string): Promise<Ca> {
  const [certificate, key] = await Promise.all([caCertificate(folder), caKey(folder)].map(readOf))
  return { certificate: new X509Certificate(certificate!), key: await importKey(key!) }
}

async function readOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const what =
      cause.code === 'ENOENT' ? 'no certificate authority is here: corral certs init makes one' : cause.message
    throw new CertificateError(`cannot read ${path}: ${what}`, path, { cause })
  })
}

/** The certificate that a name has, if any. */
export async function findCertificate(folder: string, name: string): Promise<X509Certificate | undefined> {
  const path = certificateFile(folder, name)
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CertificateError(`cannot read ${path}: ${error.message}`, path, { cause: error })
  })
  return pem === undefined ? undefined : new X509Certificate(pem)
}

/** Makes the folder, which holds keys, for its owner alone; one that is there is left as it is. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/** Writes a file as a whole or not at all: a daemon that has it open, or reads it now, never sees half of it. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, text, { mode, flag: 'wx', flush: true })
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    throw new CertificateError(`cannot write ${path}: ${(cause as Error).message}`, path, { cause })
  }
}
