import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  exportKey,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  importKey,
  makeKeys,
  signingAlgorithm,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonName,
} from '../../packages/certs/src/x509.ts'
import type { ClientFiles } from './doors.ts'

export interface OddCertificate {
  subject?: JsonName
  uris?: readonly string[]
  notBefore?: Date
  notAfter?: Date
  selfSigned?: boolean
}

let made = 0

/** Makes a client's certificate that the project's own tool would not make, in a CA's folder. */
export async function makeOddCertificate(folder: string, options: OddCertificate): Promise<Required<ClientFiles>> {
  const { subject = [{ CN: ['odd'] }], uris = [], selfSigned, ...dates } = options
  const ca = join(folder, 'ca.crt')
  const keys = await makeKeys()
  const issuer = selfSigned ? subject : new X509Certificate(await readFile(ca, 'utf8')).subjectName.toJSON()
  const signingKey = selfSigned ? keys.privateKey : await importKey(await readFile(join(folder, 'ca.key'), 'utf8'))
  const certificate = await X509CertificateGenerator.create({
    ...dates,
    ...{ subject, issuer, signingAlgorithm, signingKey, publicKey: keys.publicKey },
    extensions: [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ...(uris.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url', value })))]),
    ],
  })
  const files = { ca, certificate: join(folder, `odd-${made}.crt`), key: join(folder, `odd-${made++}.key`) }
  await writeFile(files.certificate, certificate.toString('pem'))
  await writeFile(files.key, await exportKey(keys.privateKey))
  return files
}
