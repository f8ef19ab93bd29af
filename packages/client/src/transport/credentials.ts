import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'

import { InvalidOptionError } from '@corral/runner/errors'

import type { TlsOptions } from '../connect/options.ts'

/** What files hold now: certificates are renewed. */
export function readCredentials({ cert, key, ca }: TlsOptions): SecureContextOptions {
  return {
    ...(cert !== undefined && { cert: readPem('tls.cert', cert) }),
    ...(key !== undefined && { key: readPem('tls.key', key) }),
    ...(ca !== undefined && { ca: readPem('tls.ca', ca) }),
  }
}

function readPem(option: string, given: string | Uint8Array): string | Buffer {
  if (typeof given !== 'string') return Buffer.from(given)
  if (given.includes('-----BEGIN ')) return given
  try {
    return readFileSync(given, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InvalidOptionError(option, given, `PEM, or a file that can be read, which this is not (${code})`)
  }
}

/** What is wrong with our certificate, as far as we can tell; undefined: nothing that we see. */
export function certificateFault(tls: TlsOptions, now: Date = new Date()): string | undefined {
  const { cert } = readCredentials(tls)
  if (cert === undefined) return undefined
  const { validFromDate, validToDate } = new X509Certificate(cert as string | Buffer)
  if (now > validToDate) return `it expired on ${validToDate.toISOString()}`
  if (now < validFromDate) return `it is not valid before ${validFromDate.toISOString()}`
  return undefined
}
