import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'

/** How much a stream may send ahead of its reader, and all on a connection may, in bytes. */
const streamWindow = 1024 * 1024
const connectionWindow = 16 * 1024 * 1024

/**
 * What Node lets a connection hold, in MiB, before it refuses streams; it also counts what was never sent of requests that
 * were refused. Its default of 10 is less than the windows are.
 */
const mostMemory = 256

/** How long a connection is trusted, in milliseconds. */
export interface Patience {
  /** When it was silent for so long, it is asked for a sign, */
  silenceMs: number
  /** which it has so long to give. */
  pingMs: number
  /** How long it is kept without streams. */
  idleMs: number
}

const usualPatience: Patience = { silenceMs: 20_000, pingMs: 10_000, idleMs: 5 * 60_000 }

/** What became of an attempt to connect. */
export interface Dial {
  /** It came about, as far as we could see. */
  isOpen: boolean
  /** The daemon has said something on it. */
  isHeard: boolean
  error: Error | undefined
}

/** A connection to a daemon, and the streams on it. Without streams it keeps no process alive. */
export class Connection {
  readonly dial: Dial = { isOpen: false, isHeard: false, error: undefined }
  readonly #session: ClientHttp2Session
  readonly #patience: Patience
  #socket: Socket | undefined
  readonly #open = Promise.withResolvers<void>()
  readonly #timer: NodeJS.Timeout
  /** Open, or about to be. */
  #streams = 0
  #heardAt = performance.now()
  /** It has refused a stream for want of memory, and would go on doing so. */
  #isWorn = false
  #ping: Promise<void> | undefined

  /** `dial` begins to connect. */
  constructor(authority: string, dial: () => Socket, patience: Patience = usualPatience) {
    this.#patience = patience
    const createConnection = (): Socket => (this.#socket = dial())
    this.#session = connect(authority, {
      createConnection,
      settings: { initialWindowSize: streamWindow },
      maxSessionMemory: mostMemory,
    })
    this.#open.promise.catch(() => {})
    this.#session.once('connect', () => this.#begin())
    this.#session.once('remoteSettings', () => this.#hear())
    // For as long as it lives: some come after the first.
    this.#session.on('error', (error) => this.#fail(error))
    this.#session.once('close', () => this.#fail(new Error('the connection was closed')))
    this.#timer = setInterval(() => this.#look(), patience.silenceMs).unref()
  }

  get streams(): number {
    return this.#streams
  }

  /** Whether it takes further streams. */
  get isUsable(): boolean {
    return !this.#isWorn && !this.#session.closed && !this.#session.destroyed
  }

  /** Most streams that the daemon allows at once. */
  get mostStreams(): number {
    return this.dial.isHeard ? (this.#session.remoteSettings.maxConcurrentStreams ?? Infinity) : Infinity
  }

  /** When the daemon was last heard, by `performance.now()`; -Infinity: never. */
  get heardAt(): number {
    return this.dial.isHeard ? this.#heardAt : -Infinity
  }

  /** Begins a request. The daemon has got nothing of it when this rejects. */
  async request(headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    this.#count(1)
    try {
      await this.#open.promise
      // After a long silence the other side may be gone without our knowing.
      if (performance.now() - this.#heardAt > this.#patience.silenceMs) await this.#askForSign()
      const stream = this.#session.request(headers)
      stream.once('response', () => this.#hear())
      stream.once('end', () => endRequest(stream))
      stream.once('close', () => this.#release(stream))
      return stream
    } catch (error) {
      this.#count(-1)
      throw error
    }
  }

  /** Something was received on a stream. */
  notifyRead(stream: ClientHttp2Stream): void {
    if (stream.session === this.#session) this.#hear()
  }

  close(): void {
    this.#session.destroy()
    this.#fail(new Error('the connection was closed'))
  }

  #begin(): void {
    this.dial.isOpen = true
    this.#session.setLocalWindowSize(connectionWindow)
    if (this.#streams === 0) this.#session.unref()
    this.#open.resolve()
  }

  #hear(): void {
    this.dial.isHeard = true
    this.#heardAt = performance.now()
  }

  #fail(error: Error): void {
    clearInterval(this.#timer)
    this.dial.error ??= error
    this.#open.reject(this.dial.error)
    // A TLS socket that was refused after its handshake is not ended by its error.
    this.#socket?.destroy()
  }

  #release({ rstCode }: ClientHttp2Stream): void {
    this.#isWorn ||= rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM
    this.#count(-1)
    if (this.#isWorn && this.#streams === 0) this.#session.close()
  }

  #count(change: 1 | -1): void {
    this.#streams += change
    if (!this.dial.isOpen || this.#session.destroyed) return
    if (this.#streams === 0) this.#session.unref()
    else this.#session.ref()
  }

  #look(): void {
    const { silenceMs, idleMs } = this.#patience
    const silent = performance.now() - this.#heardAt
    if (this.#streams === 0 && silent > idleMs) this.#session.close()
    else if (this.#streams > 0 && this.dial.isOpen && silent > silenceMs) this.#askForSign().catch(() => {})
  }

  /** Resolves once the other side has answered a ping; ends the connection when it does not. */
  async #askForSign(): Promise<void> {
    this.#ping ??= this.#sendPing().finally(() => (this.#ping = undefined))
    return this.#ping
  }

  async #sendPing(): Promise<void> {
    const { pingMs } = this.#patience
    const timer = setTimeout(() => this.#session.destroy(silentFor(pingMs)), pingMs)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#session.ping((error) => (error ? reject(error) : resolve()))
      })
      this.#hear()
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A request that was answered before all of it was sent would else be kept, stream and message, as long as the connection. */
function endRequest(stream: ClientHttp2Stream): void {
  if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
}

function silentFor(ms: number): Error {
  return Object.assign(new Error(`nothing was heard for ${ms / 1000} s`), { code: 'ETIMEDOUT' })
}
