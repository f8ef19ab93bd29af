import { InvalidOptionError } from '@corral/runner/errors'

/** What a client may have of the daemon's connections, memory and time. */
export interface ConnectionLimits {
  /** Connections at once, of all listeners. Default: 1024. Sane: up to half of the descriptors that the daemon may open. */
  maxConnections?: number
  /** Of those, from one address (of IPv6, from one /64), or of one user on a Unix socket. Default: 256. */
  maxConnectionsPerPeer?: number
  /**
   * Connections at once that have not said yet who they are. Beyond it, the oldest of whoever has most of them is ended,
   * so that a flood of half-open connections keeps nobody else out. Default: 128. Sane: 16 to 1024.
   */
  maxHandshakes?: number
  /** How long a connection has to say who it is, in milliseconds. Default: 10000. Sane: 2000 to 60000. */
  handshakeTimeoutMs?: number
  /** How long a request's header may take, in milliseconds, over HTTP/1.1. Default: 10000. Sane: 2000 to 60000. */
  headersTimeoutMs?: number
  /** How long a whole request may take to arrive, in milliseconds; its response takes as long as it does. Default: 60000. */
  requestTimeoutMs?: number
  /** When a connection with no request is ended, in milliseconds. Default: 300000. Sane: 10000 to 3600000. */
  idleTimeoutMs?: number
  /** After how long a silence of a remote client it is asked whether it is still there, in milliseconds. Default: 60000. */
  keepAliveMs?: number
  /** How long it has to answer, in milliseconds. Default: 20000. */
  keepAliveTimeoutMs?: number
  /** Requests at once in one HTTP/2 connection. Default: 1000. Sane: 16 to 10000. */
  maxStreamsPerConnection?: number
  /** The size of a request's header, in bytes. Default: 16384. Sane: 4096 to 65536. */
  maxHeaderBytes?: number
  /** What one HTTP/2 connection may hold in memory, in bytes, to a MiB. Default: 67108864. Sane: 10 MiB to 256 MiB. */
  maxConnectionMemoryBytes?: number
}

/** A Unix socket: HTTP/1.1 and HTTP/2 by prior knowledge. Who the peer is, the kernel says. */
export interface UnixListenerOptions {
  /** By which a socket that systemd hands over takes its place. Default: `unix`. */
  name?: string
  /** An absolute path of at most 90 bytes. Its folder is made when it is not there. */
  path: string
  /** Who may connect, as a file's mode. Default: 0o660, or 0o600 where `group` is not given and there is no group `corral`. */
  mode?: number
  /** The name of the socket's group. Default: `corral` where it exists, else the daemon's. */
  group?: string
}

/** TLS 1.3 over TCP: HTTP/2 and HTTP/1.1 by ALPN, for clients with a certificate. Files are in PEM, and reloaded as they change. */
export interface TlsListenerOptions {
  /** By which sockets that systemd hands over take its place. Default: `tls`. */
  name?: string
  /** An address of this host, or a name of it; `::` is all. */
  host: string
  /** 0: one that is free. */
  port: number
  /** The daemon's certificate, with the intermediates of its chain after it. */
  certificate: string
  /** Its private key. */
  key: string
  /** The certificates of those whose word on clients is taken. */
  ca: string
  /** Revocation lists: of each CA in `ca`, and each intermediate, one. Default: nobody is revoked. */
  crl?: string
}

/** Where the room says what happens: pino's shape. */
export interface ListenLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type ResolvedLimits = Readonly<Required<ConnectionLimits>>

/** Of each limit: its default, and the least and most that is accepted. */
export const limitBounds: Readonly<Record<keyof ConnectionLimits, readonly [number, number, number]>> = {
  maxConnections: [1024, 1, 1_000_000],
  maxConnectionsPerPeer: [256, 1, 1_000_000],
  maxHandshakes: [128, 1, 100_000],
  handshakeTimeoutMs: [10_000, 100, 3_600_000],
  headersTimeoutMs: [10_000, 100, 3_600_000],
  requestTimeoutMs: [60_000, 100, 3_600_000],
  idleTimeoutMs: [300_000, 100, 86_400_000],
  keepAliveMs: [60_000, 100, 86_400_000],
  keepAliveTimeoutMs: [20_000, 100, 3_600_000],
  maxStreamsPerConnection: [1000, 1, 1_000_000],
  maxHeaderBytes: [16_384, 1024, 1_048_576],
  maxConnectionMemoryBytes: [67_108_864, 1_048_576, 1_073_741_824],
}

/** @throws {InvalidOptionError} for a limit out of its bounds. */
export function resolveLimits(limits: ConnectionLimits = {}): ResolvedLimits {
  const entries = Object.entries(limitBounds).map(([name, [usual, min, max]]) => {
    const value = limits[name as keyof ConnectionLimits] ?? usual
    if (Number.isInteger(value) && value >= min && value <= max) return [name, value]
    throw new InvalidOptionError(name, value, `a whole number from ${min} to ${max}`)
  })
  return Object.fromEntries(entries) as ResolvedLimits
}
