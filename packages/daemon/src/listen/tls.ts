import net from 'node:net'
import tls, { type TLSSocket } from 'node:tls'

import { identityOf } from '../identity/certificate.ts'
import { peerOfAddress, type Visitor } from './admission.ts'
import { CredentialStore } from './credential-store.ts'
import { Guests, problemOf } from './guests.ts'
import type { Connection } from './http.ts'
import { ListenError } from './listen-error.ts'
import type { ResolvedLimits, TlsListenerOptions } from './options.ts'
import { reasonOf, type RefusalReason } from './refusals.ts'
import type { Room } from './room.ts'
import { listen } from './socket-file.ts'
import { logErrors, type Listener } from './unix.ts'

/** A TLS listener, whose files can be read again. */
export interface TlsListener extends Listener {
  reload(): Promise<void>
}

/** Opens a TLS listener, or takes the sockets that were handed over. */
export async function openTls(
  options: TlsListenerOptions,
  handed: readonly number[],
  room: Room,
): Promise<TlsListener> {
  const name = options.name ?? 'tls'
  const gate = await TlsGate.open(options, room)
  const servers = (handed.length === 0 ? [undefined] : handed).map((fd) => ({ fd, server: net.createServer() }))
  const close = async (): Promise<void> => {
    for (const { server } of servers) server.close()
    gate.close()
  }
  try {
    for (const { fd, server } of servers) {
      server.on('connection', (socket) => gate.accept(socket))
      await listen(server, fd === undefined ? { host: options.host, port: options.port } : { fd })
      logErrors(server, room)
    }
    return { name, addresses: servers.map(({ server }) => addressOf(server, name)), close, reload: () => gate.reload() }
  } catch (cause) {
    await close()
    const where = handed.length === 0 ? `${options.host}:${options.port}` : `the socket ${name} of systemd`
    throw cause instanceof ListenError
      ? cause
      : new ListenError(`cannot listen on ${where}: ${(cause as Error).message}`, where, { cause })
  }
}

function addressOf(server: net.Server, name: string): string {
  const address = server.address()
  if (typeof address === 'object' && address?.port !== undefined) return withPort(address.address, address.port)
  throw new ListenError(`the socket ${name} of systemd is not one of TCP: ListenStream= must be a port`, name)
}

const withPort = (address: string, port: number): string =>
  net.isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`

/** What a connection goes through before it is served: the handshake, and who its certificate names. */
class TlsGate {
  readonly #room: Room
  readonly #server: tls.Server
  readonly #store: CredentialStore
  readonly #guests: Guests
  /** Connections in their handshakes, by where they come from. */
  readonly #arriving = new Map<string, { visitor: Visitor; timer: NodeJS.Timeout }>()

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
    // It has no socket of its own, and is given connections that were let in.
    this.#server = tls.createServer({
      ...store.current.context,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: room.limits.handshakeTimeoutMs,
    })
    this.#server.on('secureConnection', (socket) => this.#admit(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#refuse(socket, error))
    store.onChange = (credentials) => {
      this.#server.setSecureContext(credentials.context)
      this.#guests.recheck(credentials)
    }
  }

  reload(): Promise<void> {
    return this.#store.reload()
  }

  close(): void {
    this.#store.close()
  }

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
    // Node's own time-out begins anew with each byte.
    const timer = setTimeout(() => drop('timeout'), this.#room.limits.handshakeTimeoutMs).unref()
    this.#arriving.set(from, { visitor, timer })
    raw.once('close', () => {
      clearTimeout(timer)
      this.#arriving.delete(from)
      this.#room.admission.leave(visitor)
    })
    setUp(raw, this.#room.limits)
    this.#server.emit('connection', raw)
  }

  #admit(socket: TLSSocket): void {
    const from = fromOf(socket)
    const arriving = this.#arriving.get(from)
    // It was dropped meanwhile.
    if (arriving === undefined) return void socket.destroy()
    clearTimeout(arriving.timer)
    this.#arriving.delete(from)
    const certificate = socket.getPeerX509Certificate()
    // The handshake may have begun before the files were read again.
    const problem =
      (certificate ? problemOf(certificate, this.#store.current) : 'no-certificate') ??
      this.#room.admission.establish(arriving.visitor)
    if (problem !== undefined) return arriving.visitor.drop(problem)
    this.#guests.add(socket, certificate!)
    const protocol = socket.alpnProtocol === 'h2' ? 'http2' : 'http1'
    this.#room.http.serve(socket, { caller: this.#callerOf(socket), protocol })
  }

  #callerOf(socket: TLSSocket): Connection['caller'] {
    const named = identityOf(socket.getPeerX509Certificate()!)
    const from = fromOf(socket)
    if ('identity' in named) return { identity: named.identity, via: 'tls', from }
    this.#room.refusals.note('identity', from, named.problem)
    return { refused: named.problem }
  }

  #refuse(socket: TLSSocket, error: NodeJS.ErrnoException): void {
    // Node's types have an Error; it is OpenSSL's name for what is wrong.
    const code = (socket.authorizationError as unknown as string | null) ?? error.code
    const from = fromOf(socket)
    // Those that were dropped have had their line; those that have gone by themselves are nobody's concern.
    const reason = reasonOf(code)
    if (!isDeparture(code)) this.#room.refusals.note(reason, from, code)
    socket.destroy()
  }
}

/** The kernel asks a silent client whether it is still there; of those on HTTP/2 we do it ourselves, too. */
function setUp(raw: net.Socket, { keepAliveMs, keepAliveTimeoutMs }: ResolvedLimits): void {
  raw.setNoDelay(true)
  const [interval, count] = [Math.max(1000, keepAliveTimeoutMs / 4), 4]
  raw.setKeepAlive({ enable: true, initialDelay: Math.max(1000, keepAliveMs), interval, count })
}

const isDeparture = (code: string | undefined): boolean => code === 'ECONNRESET' || code === 'EPIPE'

function fromOf(socket: net.Socket): string {
  return withPort(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}
