import type { ListenLog } from './options.ts'

/** Why a connection is not served, in words. */
const words = {
  connections: 'there are as many connections as maxConnections lets in',
  'peer-connections': 'this peer has as many connections as maxConnectionsPerPeer lets it have',
  handshakes: 'more connections than maxHandshakes have not said who they are, and this was the oldest',
  timeout: 'it did not say who it is within handshakeTimeoutMs',
  'not-tls': 'it does not speak TLS',
  'tls-version': 'it does not speak TLS 1.3',
  'no-certificate': 'it has shown no certificate',
  untrusted: 'its certificate is not from a CA that is trusted here',
  expired: 'its certificate has expired',
  'not-yet-valid': 'its certificate is not valid yet',
  revoked: 'its certificate is revoked',
  purpose: 'its certificate is not one for clients',
  crl: 'whether its certificate is revoked cannot be told: the list of its issuer is missing or out of date',
  handshake: 'the handshake failed',
  identity: 'its certificate names nobody that can be served',
  closing: 'the daemon accepts nothing more',
  'peer-unknown': 'who is at the other end cannot be told',
} as const

export type RefusalReason = keyof typeof words

/** How long what is refused for the same reason is counted, before it is logged as one line, in milliseconds. */
const windowMs = 10_000

/** Logs refusals: the first of a kind at once, those that follow as a number. A flood of them is a few lines. */
export class RefusalLog {
  readonly #log: ListenLog
  readonly #onRefused: ((reason: RefusalReason) => void) | undefined
  readonly #windows = new Map<RefusalReason, { count: number; timer: NodeJS.Timeout }>()

  constructor(log: ListenLog, onRefused?: (reason: RefusalReason) => void) {
    this.#log = log
    this.#onRefused = onRefused
  }

  note(reason: RefusalReason, from: string, detail?: string): void {
    this.#onRefused?.(reason)
    const known = this.#windows.get(reason)
    if (known) return void known.count++
    this.#log.warn(
      { reason, from, ...(detail === undefined ? {} : { detail }) },
      `Connection refused: ${words[reason]}`,
    )
    const timer = setTimeout(() => this.#endWindow(reason), windowMs).unref()
    this.#windows.set(reason, { count: 0, timer })
  }

  /** Logs what is counted. */
  close(): void {
    for (const reason of this.#windows.keys()) this.#endWindow(reason)
  }

  #endWindow(reason: RefusalReason): void {
    const { count, timer } = this.#windows.get(reason)!
    clearTimeout(timer)
    this.#windows.delete(reason)
    if (count > 0) this.#log.warn({ reason, count }, `${count} more connections refused: ${words[reason]}`)
  }
}

const codes: Readonly<Record<string, RefusalReason>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no-certificate',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls-version',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  CERT_REVOKED: 'revoked',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  INVALID_PURPOSE: 'purpose',
  UNABLE_TO_GET_CRL: 'crl',
  UNABLE_TO_GET_CRL_ISSUER: 'crl',
  CRL_HAS_EXPIRED: 'crl',
  CRL_NOT_YET_VALID: 'crl',
  CRL_SIGNATURE_FAILURE: 'crl',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  CERT_REJECTED: 'untrusted',
  INVALID_CA: 'untrusted',
}

/** What OpenSSL calls it, told in our words. */
export function reasonOf(code: string | undefined): RefusalReason {
  return (code !== undefined && Object.hasOwn(codes, code) && codes[code]) || 'handshake'
}
