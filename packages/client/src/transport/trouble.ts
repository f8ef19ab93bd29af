import type { ConnectError } from '@connectrpc/connect'
import { InvalidOptionError } from '@corral/runner/errors'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { type RemoteCode, RemoteError } from '../errors/remote-error.ts'
import type { Connections } from './connections.ts'
import { certificateFault } from './credentials.ts'
import type { Trouble } from './way.ts'

/** Where a connection was to lead, and with what. */
export interface TroubleContext {
  address: Address
  tls: TlsOptions
  connections: Pick<Connections, 'last' | 'heardAt' | 'isUnsent'>
}

/** What is wrong, and what may be done about it. */
interface Diagnosis {
  code?: RemoteCode
  reason: string
  message: string
  isTransient?: boolean
}

/** Says what is behind an error of the connection's, in one sentence. */
export function explainTrouble(error: ConnectError, context: TroubleContext): Trouble {
  const causes = causesOf(error)
  const mistake = causes.find((cause) => cause instanceof InvalidOptionError)
  const isUndone = context.connections.isUnsent(error) || error.message.includes('REFUSED_STREAM')
  if (mistake) return { error: mistake, isTransient: false, isUndone }
  const { last } = context.connections
  const code = causes.map(codeOf).find((code) => code !== '') ?? ''
  const diagnosis = diagnose(code === '' || !last.isHeard ? codeOf(last.error) || code : code, error, context)
  const { isTransient = true } = diagnosis
  return {
    error: new RemoteError(diagnosis.code ?? 'UNAVAILABLE', diagnosis.reason, diagnosis.message, { cause: error }),
    isTransient,
    isUndone,
  }
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = []
  for (let cause = error; cause instanceof Error && !causes.includes(cause); cause = cause.cause) causes.push(cause)
  return causes
}

/** Node's code of an error. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

function diagnose(code: string, error: ConnectError, context: TroubleContext): Diagnosis {
  const { address, connections } = context
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME)/.test(code)) return notTrusted(code, context)
  if (/ALERT_CERTIFICATE_REQUIRED/.test(code)) return certificateRequired(context)
  if (/ALERT/.test(code) && !/PROTOCOL_VERSION|INTERNAL_ERROR/.test(code)) return certificateRefused(code, context)
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO' || code === 'ERR_HTTP2_ERROR') return notCorrald(code, context)
  if (error.message.includes('ENHANCE_YOUR_CALM')) return tooMuch(context)
  if (connections.last.isOpen && !connections.last.isHeard) return silent(context)
  if (address.kind === 'unix') return diagnoseSocket(code, address.path, error, context)
  return diagnoseNetwork(code, error, context)
}

function diagnoseSocket(code: string, path: string, error: ConnectError, { address }: TroubleContext): Diagnosis {
  const start = 'start it (systemctl start corrald), or name the address of another'
  if (code === 'ENOENT') {
    return unreachable(
      `could not reach corrald at ${address.text}: there is no such socket, so it does not run; ${start}`,
    )
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(`could not reach corrald at ${address.text}: nobody listens there, so it does not run; ${start}`)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      code: 'PERMISSION_DENIED',
      reason: 'NOT_ALLOWED',
      message: `may not connect to ${address.text}: the mode of ${path} allows its owner and its group; join that group, or become the owner`,
      isTransient: false,
    }
  }
  return lost(code, error, address)
}

function diagnoseNetwork(code: string, error: ConnectError, { address }: TroubleContext): Diagnosis {
  const reach = `could not reach corrald at ${address.text}`
  if (code === 'ECONNREFUSED') return unreachable(`${reach}: nobody listens there; start it, or check the port`)
  if (code === 'ENOTFOUND')
    return { ...unreachable(`${reach}: there is no host of that name; check the address`), isTransient: false }
  if (code === 'EAI_AGAIN') return unreachable(`${reach}: its name could not be looked up just now; check the resolver`)
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return unreachable(`${reach}: no answer (${code}); check that the host is up, and that no firewall is in between`)
  }
  return lost(code, error, address)
}

function lost(code: string, error: ConnectError, address: Address): Diagnosis {
  const why = code === '' ? error.rawMessage : code
  return unreachable(
    `lost the connection to corrald at ${address.text} (${why}); it may have been restarted: try again`,
  )
}

function unreachable(message: string): Diagnosis {
  return { reason: 'UNREACHABLE', message }
}

/** A request that goes on when it should not is cut off, rather than answered. */
function tooMuch({ address }: TroubleContext): Diagnosis {
  return {
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOO_MUCH',
    message: `corrald at ${address.text} cut the request off: it is too large, or there are too many of them at once`,
    isTransient: false,
  }
}

function notTrusted(code: string, { address, tls }: TroubleContext): Diagnosis {
  const fix =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'it is for another host: connect by a name that it has, or give that as tls.serverName'
      : code === 'CERT_HAS_EXPIRED'
        ? 'it has expired: the daemon needs a new one'
        : tls.ca === undefined
          ? 'no CA that this system trusts has signed it: give its CA as tls.ca'
          : 'it is not of the CA that was given as tls.ca'
  return {
    code: 'UNAUTHENTICATED',
    reason: 'DAEMON_NOT_TRUSTED',
    message: `will not talk to corrald at ${address.text}: its certificate is not to be trusted; ${fix} (${code})`,
    isTransient: false,
  }
}

function certificateRequired({ address, tls }: TroubleContext): Diagnosis {
  if (tls.cert !== undefined) return certificateRefused('CERTIFICATE_REQUIRED', { address, tls })
  return {
    code: 'UNAUTHENTICATED',
    reason: 'CERTIFICATE_REQUIRED',
    message: `corrald at ${address.text} asks for a certificate, and none was given: give yours as tls.cert and tls.key (corral certs issue makes one)`,
    isTransient: false,
  }
}

function certificateRefused(code: string, { address, tls }: Pick<TroubleContext, 'address' | 'tls'>): Diagnosis {
  const alert = code === '' ? '' : ` (${code.replace(/^ERR_SSL_(SSL\/TLS|SSLV3|TLSV\d+)_ALERT_/, '').toLowerCase()})`
  const why = certificateFault(tls) ?? 'it is of a CA that the daemon does not know, has expired, or was revoked'
  return {
    code: 'UNAUTHENTICATED',
    reason: 'CERTIFICATE_REFUSED',
    message: `corrald at ${address.text} refused our certificate${alert}: ${why}; have a new one issued`,
    isTransient: false,
  }
}

/** A daemon that does not take a certificate hangs up; but so does one that is killed at that moment. */
function silent(context: TroubleContext): Diagnosis {
  const { address, tls, connections } = context
  if (address.kind === 'unix' || address.url.startsWith('http:')) {
    return unreachable(
      `what listens at ${address.text} hung up without a word: it is being restarted, or is no corrald`,
    )
  }
  const refusal = tls.cert === undefined ? certificateRequired(context) : certificateRefused('', context)
  return { ...refusal, isTransient: connections.heardAt > -Infinity }
}

function notCorrald(code: string, { address }: TroubleContext): Diagnosis {
  const what = address.kind === 'unix' || address.url.startsWith('http:') ? 'gRPC' : 'TLS 1.3'
  return {
    reason: 'UNREACHABLE',
    message: `what listens at ${address.text} does not speak ${what} (${code}): check that it is corrald, and the address`,
    isTransient: false,
  }
}
