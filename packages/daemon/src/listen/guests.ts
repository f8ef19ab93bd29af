import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

import type { Credentials } from './credentials.ts'
import type { RefusalReason } from './refusals.ts'

/** The most that Node's timers take, in milliseconds. */
const timerMax = 2 ** 31 - 1

/** The connections of those whose certificates were accepted: each lasts as long as its certificate is good. */
export class Guests {
  readonly #guests = new Map<TLSSocket, { certificate: X509Certificate; timer: NodeJS.Timeout | undefined }>()
  readonly #end: (socket: TLSSocket, reason: RefusalReason) => void

  /** `end` is told which connections are over. */
  constructor(end: (socket: TLSSocket, reason: RefusalReason) => void) {
    this.#end = end
  }

  add(socket: TLSSocket, certificate: X509Certificate): void {
    this.#guests.set(socket, { certificate, timer: undefined })
    this.#awaitExpiry(socket)
    socket.once('close', () => {
      clearTimeout(this.#guests.get(socket)?.timer)
      this.#guests.delete(socket)
    })
  }

  /** Ends the connections that would not be accepted any more. */
  recheck(credentials: Credentials): void {
    for (const [socket, { certificate }] of this.#guests) {
      const problem = problemOf(certificate, credentials)
      if (problem !== undefined) this.#end(socket, problem)
    }
  }

  #awaitExpiry(socket: TLSSocket): void {
    const guest = this.#guests.get(socket)!
    const leftMs = guest.certificate.validToDate.getTime() - Date.now()
    if (leftMs <= 0) return this.#end(socket, 'expired')
    guest.timer = setTimeout(() => this.#awaitExpiry(socket), Math.min(leftMs, timerMax)).unref()
  }
}

/** Why a certificate that was good with earlier files is not with these, if so. */
export function problemOf(certificate: X509Certificate, credentials: Credentials): RefusalReason | undefined {
  const chain = chainOf(certificate)
  if (!chain.some((each) => credentials.trusts(each))) return 'untrusted'
  return chain.some((each) => credentials.revocations?.revokes(each.raw)) ? 'revoked' : undefined
}

/** A certificate, and those of its issuers that came with it. */
function chainOf(certificate: X509Certificate): X509Certificate[] {
  const chain = [certificate]
  for (let issuer = certificate.issuerCertificate; issuer; issuer = issuer.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === issuer.fingerprint256)) break
    chain.push(issuer)
  }
  return chain
}
