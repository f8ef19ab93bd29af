import { crlLabel, decodePem, encodePem } from './pem.ts'
import { X509Certificate, X509Crl } from './x509.ts'

/** What the files of revocation lists say. */
export interface RevocationList {
  /** Whether a list of the certificate's issuer names it. `certificate`: in DER. */
  revokes(certificate: Uint8Array): boolean
  /** The earliest time at which a list is out of date: from then on nobody is let in whom it speaks of. Undefined: never. */
  nextUpdate: Date | undefined
  /** Each list, in PEM. */
  lists: readonly string[]
}

/**
 * Reads the revocation lists in a text in PEM, of which there may be one for each issuer.
 * @throws {Error} for what is not a list, or for none.
 */
export function readRevocationLists(text: string): RevocationList {
  const crls = decodePem(crlLabel, text).map((der) => new X509Crl(der))
  if (crls.length === 0) throw new Error(`no revocation list in PEM (-----BEGIN ${crlLabel}-----) is in it`)
  const ends = crls.flatMap(({ nextUpdate }) => nextUpdate?.getTime() ?? [])
  return {
    lists: crls.map((crl) => encodePem(crlLabel, crl.rawData)),
    nextUpdate: ends.length === 0 ? undefined : new Date(Math.min(...ends)),
    revokes: (der) => {
      const certificate = new X509Certificate(der)
      const issuer = bytesOf(certificate.issuerName)
      return crls.some((crl) => bytesOf(crl.issuerName).equals(issuer) && crl.findRevoked(certificate) !== null)
    },
  }
}

function bytesOf(name: X509Certificate['issuerName']): Buffer {
  return Buffer.from(name.toArrayBuffer())
}
