import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'

import { Http2SessionManager } from '@connectrpc/connect-node'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { type Dial, openSocket } from './dial.ts'

/** Most streams on one connection; a daemon may allow fewer. */
const mostStreams = 100

/** How much a stream may send ahead of its reader, and all on a connection may, in bytes. */
const streamWindow = 1024 * 1024
const connectionWindow = 16 * 1024 * 1024

/** A silent connection with open streams is looked after this often. */
const pingIntervalMs = 20_000
const pingTimeoutMs = 10_000

const idleMs = 5 * 60_000

/**
 * Connections to a daemon: further ones are made when those that are there have as many streams as they may have, which
 * else wait for others to end, and may wait for long.
 */
export class Connections {
  /** What is to be in the URLs of requests. */
  readonly authority: string
  readonly #address: Address
  readonly #tls: TlsOptions
  readonly #all: Connection[] = []
  readonly #unsent = new WeakSet<object>()
  #limit = mostStreams
  #last: Dial = newDial()
  #heardAt = -Infinity

  constructor(address: Address, tls: TlsOptions) {
    this.authority = address.kind === 'unix' ? 'http://localhost' : address.url
    this.#address = address
    this.#tls = tls
  }

  /** The latest attempt to connect. */
  get last(): Readonly<Dial> {
    return this.#last
  }

  /** When the daemon was last heard, by `performance.now()`; -Infinity: never. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Whether what failed with this error never was on its way. */
  isUnsent(error: object): boolean {
    return this.#unsent.has(error)
  }

  /** Begins a request; the daemon may have got it once this resolves. */
  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: object,
  ): Promise<ClientHttp2Stream> {
    const connection = this.#free()
    connection.streams++
    try {
      const stream = await connection.manager.request(method, path, headers, options)
      stream.once('close', () => connection.streams--)
      this.#watch(connection, stream)
      return stream
    } catch (error) {
      connection.streams--
      if (typeof error === 'object' && error !== null) this.#unsent.add(error)
      throw error
    }
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    for (const { manager } of this.#all) manager.notifyResponseByteRead(stream)
  }

  close(): void {
    for (const { manager } of this.#all) manager.abort()
  }

  #free(): Connection {
    const free = this.#all.find(({ streams }) => streams < this.#limit)
    if (free) return free
    const connection: Connection = {
      streams: 0,
      dial: newDial(),
      session: undefined,
      manager: this.#manage(() => connection),
    }
    this.#all.push(connection)
    return connection
  }

  #manage(connection: () => Connection): Http2SessionManager {
    const pings = { pingIntervalMs, pingTimeoutMs, idleConnectionTimeoutMs: idleMs }
    return new Http2SessionManager(this.authority, pings, {
      settings: { initialWindowSize: streamWindow },
      createConnection: () => {
        this.#last = connection().dial = newDial()
        return openSocket(this.#address, this.#tls, this.#last)
      },
    })
  }

  #watch(connection: Connection, stream: ClientHttp2Stream): void {
    const { dial } = connection
    const heard = (): void => {
      dial.isHeard = true
      this.#heardAt = performance.now()
    }
    stream.once('response', heard)
    const { session } = stream
    if (!session || session === connection.session) return
    connection.session = session as ClientHttp2Session
    connection.session.setLocalWindowSize(connectionWindow)
    connection.session.once('remoteSettings', ({ maxConcurrentStreams }) => {
      heard()
      this.#limit = Math.max(1, Math.min(mostStreams, maxConcurrentStreams ?? mostStreams))
    })
  }
}

interface Connection {
  readonly manager: Http2SessionManager
  /** Open, or being opened. */
  streams: number
  dial: Dial
  /** The one that was seen last. */
  session: ClientHttp2Session | undefined
}

function newDial(): Dial {
  return { isOpen: false, isHeard: false, error: undefined }
}
