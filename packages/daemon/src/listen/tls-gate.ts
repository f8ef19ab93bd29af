import net from 'node:net'
import tls, { type TLSSocket } from 'node:tls'

import { identityOf } from '../identity/certificate.ts'
import { peerOfAddress, type Visitor } from './admission.ts'
import { CredentialStore } from './credential-store.ts'
import { Guests, problemOf } from './guests.ts'
import type { Connection } from './http.ts'
import type { ResolvedLimits, TlsListenerOptions } from './options.ts'
import { reasonOf, type RefusalReason } from './refusals.ts'
import type { Room } from './room.ts'

/** What a connection goes through before it is served: the handshake, and whom its certificate names. */
export class TlsGate {
  readonly #room: Room
  readonly #server: tls.Server
  readonly #store: CredentialStore
  readonly #guests: Guests
  /** Connections in their handshakes, by where they come from. */
  readonly #arriving = new Map<string, { visitor: Visitor; timer: NodeJS.Timeout }>()
  /** Where the connection comes from that is being closed right now. */
  #departing: string | undefined

  /** @throws {ListenError} when the files cannot be used. */
  static async open(options: TlsListenerOptions, room: Room): Promise<TlsGate> {
    return new TlsGate(await CredentialStore.open(options, room.log), room)
  }

  private constructor(store: CredentialStore, room: Room) {
    this.#room = room
    this.#store = store
    this.#guests = new Guests((socket, reason) => {
      room.log.info({ from: fromOf(socket), reason }, 'A connection is ended, as its certificate is no longer good')
      socket.destroy()
    })
    // It has no socket of its own, and is given the connections that were let in.
    this.#server = tls.createServer({
      ...store.current.context,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2', 'http/1.1'],
      // Ours, which does not begin anew with each byte, is first.
      handshakeTimeout: 2 * room.limits.handshakeTimeoutMs,
    })
    this.#server.on('secureConnection', (socket) => this.#admit(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#refuse(socket, error))
    store.onChange = (credentials) => {
      this.#server.setSecureContext(credentials.context)
      this.#guests.recheck(credentials)
    }
  }

  /** Reads the files again. */
  reload(): Promise<void> {
    return this.#store.reload()
  }

  close(): void {
    this.#store.close()
  }

  /** Takes a connection of TCP. */
  accept(raw: net.Socket): void {
    raw.on('error', () => {})
    const { remoteAddress, remotePort } = raw
    if (remoteAddress === undefined || remotePort === undefined) return void raw.destroy()
    const from = withPort(remoteAddress, remotePort)
    const drop = (reason: RefusalReason): void => {
      this.#room.refusals.note(reason, from)
      raw.destroy()
    }
    const visitor = { peer: peerOfAddress(remoteAddress), drop }
    const refusal = this.#room.admission.arrive(visitor)
    if (refusal) return drop(refusal)
    const timer = setTimeout(() => drop('timeout'), this.#room.limits.handshakeTimeoutMs).unref()
    this.#arriving.set(from, { visitor, timer })
    raw.once('close', () => this.#depart(from, visitor))
    setUp(raw, this.#room.limits)
    this.#server.emit('connection', raw)
  }

  #depart(from: string, visitor: Visitor): void {
    clearTimeout(this.#arriving.get(from)?.timer)
    this.#arriving.delete(from)
    this.#room.admission.leave(visitor)
    // When it was the certificate, Node says so later in this same turn, of a socket that has no address any more.
    this.#departing = from
    queueMicrotask(() => (this.#departing = undefined))
  }

  /** After a handshake. */
  #admit(socket: TLSSocket): void {
    const from = fromOf(socket)
    const arriving = this.#arriving.get(from)
    // It was dropped meanwhile.
    if (arriving === undefined) return void socket.destroy()
    clearTimeout(arriving.timer)
    this.#arriving.delete(from)
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined || !socket.authorized) return arriving.visitor.drop('no-certificate')
    // The handshake may have begun before the files were read again.
    const problem = problemOf(certificate, this.#store.current) ?? this.#room.admission.establish(arriving.visitor)
    if (problem !== undefined) return arriving.visitor.drop(problem)
    this.#guests.add(socket, certificate)
    const protocol = socket.alpnProtocol === 'h2' ? 'http2' : 'http1'
    this.#room.http.serve(socket, { caller: this.#callerOf(certificate, from), protocol })
  }

  #callerOf(certificate: Parameters<typeof identityOf>[0], from: string): Connection['caller'] {
    const named = identityOf(certificate)
    if ('identity' in named) return { identity: named.identity, via: 'tls', from }
    // Whom it belongs to will want to know, and is told over HTTP.
    this.#room.refusals.note('identity', from, named.problem)
    return { refused: named.problem }
  }

  #refuse(socket: TLSSocket, error: NodeJS.ErrnoException): void {
    // Node's types have an Error; it is OpenSSL's name for what is wrong.
    const code = (socket.authorizationError as unknown as string | null) ?? error.code
    const from = socket.remoteAddress === undefined ? (this.#departing ?? 'an unknown address') : fromOf(socket)
    // Who goes by themselves is nobody's concern, and those that were dropped have had their line.
    if (code !== 'ECONNRESET' && code !== 'EPIPE') this.#room.refusals.note(reasonOf(code), from, code)
    socket.destroy()
  }
}

/** The kernel asks a silent client whether it is still there; of those on HTTP/2 we do it ourselves, too. */
function setUp(raw: net.Socket, { keepAliveMs, keepAliveTimeoutMs }: ResolvedLimits): void {
  raw.setNoDelay(true)
  const [interval, count] = [Math.max(1000, keepAliveTimeoutMs / 4), 4]
  raw.setKeepAlive({ enable: true, initialDelay: Math.max(1000, keepAliveMs), interval, count })
}

/** An address and a port, as in a URL. */
export function withPort(address: string, port: number): string {
  return net.isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}

function fromOf(socket: net.Socket): string {
  return withPort(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}
