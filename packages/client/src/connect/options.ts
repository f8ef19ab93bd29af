import type { Transport } from '@connectrpc/connect'
import { InvalidOptionError } from '@corral/runner/errors'

import { type Address, defaultHost, parseAddress } from './address.ts'

/** What `RemoteRunner.connect` takes. */
export interface ConnectOptions {
  /**
   * Where the daemon is: `'unix:///run/corral/corrald.sock'`, `'https://build-box:7411'`, or for short `'build-box:7411'`.
   * `'http://'` is for this machine only, as for a tunnel. Default `'unix:///run/corral/corrald.sock'`; in a browser there is
   * none.
   */
  host?: string
  /** For `https://`: who we are, and whom we trust. A browser has its own. */
  tls?: TlsOptions
  /** Instead of a connection of our own: a transport of Connect's, such as `@connectrpc/connect-web` has. */
  transport?: Transport
  /**
   * Most milliseconds that one attempt at a call may take, but for those that wait for a job: `wait` and `stop`. Then it
   * fails with `DEADLINE_EXCEEDED`. Default 60,000; from 1.
   */
  timeoutMs?: number
  /** When a connection is lost. */
  reconnect?: ReconnectOptions
  /** How many milliseconds `connect` waits for a daemon that is not there yet. Default 0: one attempt. */
  waitMs?: number
  /** Gives up connecting, and later closes the runner. */
  signal?: AbortSignal
}

/** How often a lost connection is made anew: after `minMs`, then after twice as long each time, less a random part. */
export interface ReconnectOptions {
  /** Milliseconds before the first attempt. Default 100; from 1. */
  minMs?: number
  /** Most milliseconds between two attempts. Default 5,000. */
  maxMs?: number
  /** Milliseconds without the daemon after which what is asked of it fails. Default 60,000; 0: at once. */
  giveUpAfterMs?: number
}

/** Each is the path of a file in PEM, which is read anew for each connection, or PEM itself. */
export interface TlsOptions {
  /** Our certificate, with what is between it and the CA, and its key. */
  cert?: string | Uint8Array
  key?: string | Uint8Array
  /** The CA that the daemon's certificate is of. Default: those that the system trusts. */
  ca?: string | Uint8Array
  /** The name that is in the daemon's certificate, when it is not that of `host`. */
  serverName?: string
}

/** Options with nothing left to guess. */
export interface CheckedOptions {
  /** Undefined: there is a transport. */
  address: Address | undefined
  tls: TlsOptions
  transport: Transport | undefined
  timeoutMs: number
  reconnect: Required<ReconnectOptions>
  waitMs: number
  signal: AbortSignal | undefined
}

const known = ['host', 'tls', 'transport', 'timeoutMs', 'reconnect', 'waitMs', 'signal'] as const

/** Longest time, 24.8 days: a timer with more goes off at once. */
const maxMs = 0x7fffffff

/** @throws {InvalidOptionError} for the first option that is not accepted. */
export function checkOptions(options: ConnectOptions): CheckedOptions {
  refuseOthers('connect', options, known)
  const { host, transport, signal, timeoutMs = 60_000, waitMs = 0, reconnect = {}, tls = {} } = options
  if (transport !== undefined && host !== undefined) {
    throw new InvalidOptionError('transport', transport, 'either `host` or `transport`')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', signal, 'an AbortSignal')
  }
  return {
    address: transport ? undefined : parseAddress(host ?? defaultHost),
    tls: checkTls(tls),
    transport,
    timeoutMs: checkMs('timeoutMs', timeoutMs, 1),
    reconnect: checkReconnect(reconnect),
    waitMs: checkMs('waitMs', waitMs, 0),
    signal,
  }
}

function checkReconnect(reconnect: ReconnectOptions): Required<ReconnectOptions> {
  refuseOthers('reconnect', reconnect, ['minMs', 'maxMs', 'giveUpAfterMs'])
  const { minMs = 100, maxMs: longest = Math.max(5_000, minMs), giveUpAfterMs = 60_000 } = reconnect
  return {
    minMs: checkMs('reconnect.minMs', minMs, 1),
    maxMs: checkMs('reconnect.maxMs', longest, minMs),
    giveUpAfterMs: checkMs('reconnect.giveUpAfterMs', giveUpAfterMs, 0),
  }
}

function checkTls(tls: TlsOptions): TlsOptions {
  refuseOthers('tls', tls, ['cert', 'key', 'ca', 'serverName'])
  const { serverName, ...files } = tls
  for (const [key, value] of Object.entries(files)) {
    if (value === undefined || (typeof value === 'string' && value !== '') || value instanceof Uint8Array) continue
    throw new InvalidOptionError(`tls.${key}`, value, 'the path of a file in PEM, or PEM itself')
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new InvalidOptionError('tls', Object.keys(tls), 'both `cert` and `key`, or neither')
  }
  if (serverName !== undefined && (typeof serverName !== 'string' || serverName === '')) {
    throw new InvalidOptionError('tls.serverName', serverName, 'a host name')
  }
  return tls
}

function checkMs(option: string, value: unknown, min: number): number {
  if (typeof value === 'number' && value >= min && value <= maxMs) return Math.ceil(value)
  throw new InvalidOptionError(option, value, `milliseconds from ${min} to ${maxMs}`)
}

function refuseOthers(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw new InvalidOptionError(what, given, 'an object')
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) throw new InvalidOptionError(key, value, `for ${what}, one of ${known.join(', ')}`)
  }
}
