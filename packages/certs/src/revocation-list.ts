import { childrenOf, elementAt, expectTag, integerText, tags, timeOf, type Element } from './der.ts'
import { crlLabel, decodePem, encodePem } from './pem.ts'

/** What the files of revocation lists say. */
export interface RevocationList {
  /** Whether a list of the certificate's issuer names it. `certificate`: in DER. */
  revokes(certificate: Buffer): boolean
  /** The earliest time at which a list is out of date: from then on nobody is let in whom it speaks of. Undefined: never. */
  nextUpdate: Date | undefined
  /** Each list, in PEM. */
  lists: readonly string[]
}

/** A revocation list, as far as we need it. Its signature is looked at by OpenSSL, with each handshake. */
interface List {
  issuer: string
  serials: ReadonlySet<string>
  nextUpdate: Date | undefined
}

/**
 * Reads the revocation lists in a text in PEM, of which there may be one for each issuer. Those of a large authority name
 * a million certificates: only what is needed is read.
 * @throws {Error} for what is not a list, or for none.
 */
export function readRevocationLists(text: string): RevocationList {
  const ders = decodePem(crlLabel, text)
  if (ders.length === 0) throw new Error(`no revocation list in PEM (-----BEGIN ${crlLabel}-----) is in it`)
  const lists = ders.map((der) => readList(der))
  const ends = lists.flatMap(({ nextUpdate }) => nextUpdate?.getTime() ?? [])
  return {
    lists: ders.map((der) => encodePem(crlLabel, der)),
    nextUpdate: ends.length === 0 ? undefined : new Date(Math.min(...ends)),
    revokes: (certificate) => {
      const { issuer, serial } = readCertificate(certificate)
      return lists.some((list) => list.issuer === issuer && list.serials.has(serial))
    },
  }
}

const isTime = ({ tag }: Element): boolean => tag === tags.utcTime || tag === tags.generalizedTime

/** CertificateList of RFC 5280, 5.1: a version, the algorithm, the issuer, one or two times, and what is revoked. */
function readList(der: Buffer): List {
  const parts = toBeSigned(der)
  if (parts[0]?.tag === tags.integer) parts.shift()
  const issuer = expectTag(parts[1], tags.sequence)
  const times = parts.slice(2).filter(isTime)
  const revoked = parts.slice(2).find(({ tag }) => tag === tags.sequence)
  const serials = new Set<string>()
  for (const entry of revoked ? childrenOf(der, revoked) : []) {
    serials.add(integerText(der, expectTag(elementAt(der, entry.content, entry.end), tags.integer)))
  }
  return { issuer: textOf(der, issuer), serials, nextUpdate: times[1] && timeOf(der, times[1]) }
}

/** Certificate of RFC 5280, 4.1: a version, the serial number, the algorithm, the issuer, and more. */
function readCertificate(der: Buffer): { issuer: string; serial: string } {
  const parts = toBeSigned(der)
  if (parts[0]?.tag === tags.version) parts.shift()
  const serial = expectTag(parts[0], tags.integer)
  return { serial: integerText(der, serial), issuer: textOf(der, expectTag(parts[2], tags.sequence)) }
}

/** The parts of what is signed, which comes before how it is signed. */
function toBeSigned(der: Buffer): Element[] {
  const whole = expectTag(elementAt(der, 0), tags.sequence)
  return [...childrenOf(der, expectTag(elementAt(der, whole.content, whole.end), tags.sequence))]
}

const textOf = (der: Buffer, { start, end }: Element): string => der.toString('latin1', start, end)
