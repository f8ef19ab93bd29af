import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'

import { Code, ConnectError } from '@connectrpc/connect'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { Connection, type Dial } from './connection.ts'
import { openSocket } from './dial.ts'

/** Most streams on one connection; a daemon may allow fewer. */
const mostStreams = 100

/**
 * Connections to a daemon: further ones are made when those that are there have as many streams as they may have, which
 * else wait for others to end, and may wait for long.
 */
export class Connections {
  /** What is to be in the URLs of requests. */
  readonly authority: string
  readonly #address: Address
  readonly #tls: TlsOptions
  #all: Connection[] = []
  #last: Connection | undefined
  /** Errors of what never was on its way. */
  readonly #unsent = new WeakSet<object>()
  /** By what went before. */
  #heardAt = -Infinity

  constructor(address: Address, tls: TlsOptions) {
    this.authority = address.kind === 'unix' ? 'http://localhost' : address.url
    this.#address = address
    this.#tls = tls
  }

  /** The latest attempt to connect. */
  get last(): Readonly<Dial> {
    return this.#last?.dial ?? { isOpen: false, isHeard: false, error: undefined }
  }

  /** When the daemon was last heard, by `performance.now()`; -Infinity: never. */
  get heardAt(): number {
    return Math.max(this.#heardAt, ...this.#all.map(({ heardAt }) => heardAt))
  }

  /** Whether what failed with this error never was on its way. */
  isUnsent(error: object): boolean {
    return this.#unsent.has(error)
  }

  /** Begins a request; the daemon may have got it once this resolves. */
  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    try {
      return await this.#free().request({ ...headers, ':method': method, ':path': path })
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      const error = new ConnectError(message, Code.Unavailable, undefined, undefined, cause)
      this.#unsent.add(error)
      throw error
    }
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    for (const connection of this.#all) connection.notifyRead(stream)
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  #free(): Connection {
    this.#heardAt = this.heardAt
    this.#all = this.#all.filter(({ isUsable, streams }) => isUsable || streams > 0)
    const hasRoom = (each: Connection): boolean => each.streams < Math.min(mostStreams, each.mostStreams)
    const free = this.#all.find((each) => each.isUsable && hasRoom(each))
    if (free) return free
    this.#last = new Connection(this.authority, () => openSocket(this.#address, this.#tls))
    this.#all.push(this.#last)
    return this.#last
  }
}
