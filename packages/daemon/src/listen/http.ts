import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

import type { Caller } from '../identity/caller.ts'
import { setCaller } from '../identity/caller-of.ts'
import type { ResolvedLimits } from './options.ts'
import { refuseRequest } from './refuse-request.ts'
import { boundRequest, watchSession } from './session.ts'

export type Request = IncomingMessage | Http2ServerRequest
export type Response = ServerResponse | Http2ServerResponse

/** What `connectNodeAdapter` returns. */
export type RequestHandler = (req: Request, res: Response) => void

/** A connection of which is known who is at its other end, or why they are not served. */
export interface Connection {
  caller: Caller | { refused: string }
  protocol: 'http1' | 'http2'
}

const connectionKey: unique symbol = Symbol('corral.connection')
type OurSocket = Socket & { [connectionKey]?: Connection }

/** Speaks HTTP on connections that others have accepted. */
export class HttpService {
  readonly #http1: http.Server
  readonly #http2: http2.Http2Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  #isClosing = false

  constructor(limits: ResolvedLimits, handler: RequestHandler) {
    this.#http1 = http.createServer(http1Options(limits), (req, res) => this.#serveHttp1(req, res, handler))
    // It is then that Node begins to look for requests that take too long; these servers have no socket of their own.
    this.#http1.emit('listening')
    this.#http2 = http2.createServer(http2Options(limits), (req, res) => {
      boundRequest(req.stream, limits.requestTimeoutMs)
      serve(req, res, (req.stream.session!.socket as OurSocket)[connectionKey]!, handler)
    })
    this.#http2.on('session', (session) => this.#addSession(session, limits))
  }

  /** Takes a connection over. What has been read of it is given back to it beforehand (`unshift`). */
  serve(socket: Socket, connection: Connection): void {
    if (socket.destroyed) return
    ;(socket as OurSocket)[connectionKey] = connection
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if ('identity' in connection.caller) setCaller(socket, connection.caller)
    if (this.#isClosing) socket.destroy()
    else if (connection.protocol === 'http2') {
      // An HTTP/2 connection whose other end has closed is over.
      socket.allowHalfOpen = false
      this.#http2.emit('connection', socket)
    } else {
      this.#http1.emit('connection', socket)
      socket.resume()
    }
  }

  /**
   * Has clients take their further requests elsewhere (GOAWAY, `Connection: close`), and waits until those that are under
   * way have ended, at most for `graceMs`; then cuts them off.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    for (const session of this.#sessions) session.close()
    // Ends those that wait for a request, too.
    this.#http1.close()
    const sockets = [...this.#sockets]
    const gone = Promise.all(sockets.map((socket) => new Promise((resolve) => void socket.once('close', resolve))))
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, graceMs)
    await gone
    clearTimeout(timer)
  }

  #serveHttp1(req: IncomingMessage, res: ServerResponse, handler: RequestHandler): void {
    const { socket } = req
    if (this.#isClosing) res.shouldKeepAlive = false
    res.once('close', () => {
      if (this.#isClosing) socket.destroySoon()
    })
    serve(req, res, (socket as OurSocket)[connectionKey]!, handler)
  }

  #addSession(session: ServerHttp2Session, limits: ResolvedLimits): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    // A peer's mistake ends its own connection, and no more.
    session.on('error', () => {})
    const { caller } = (session.socket as OurSocket)[connectionKey]!
    if ('identity' in caller) setCaller(session, caller)
    watchSession(session, limits, 'identity' in caller && caller.via === 'unix' ? 'local' : 'remote')
  }
}

function serve(req: Request, res: Response, { caller }: Connection, handler: RequestHandler): void {
  if ('refused' in caller) refuseRequest(req, res, caller.refused)
  else handler(req, res)
}

function http1Options(limits: ResolvedLimits): http.ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    keepAliveTimeout: limits.idleTimeoutMs,
    // How far past its time a request may be.
    connectionsCheckingInterval: Math.min(10_000, limits.headersTimeoutMs),
  }
}

/** Beside our own limits Node's, where they hold against floods: of settings, pings, resets and broken frames. */
function http2Options(limits: ResolvedLimits): http2.ServerOptions {
  return {
    settings: { maxConcurrentStreams: limits.maxStreamsPerConnection, maxHeaderListSize: limits.maxHeaderBytes },
    maxSessionMemory: Math.ceil(limits.maxConnectionMemoryBytes / 1_048_576),
    maxHeaderListPairs: 128,
    maxSettings: 32,
    maxOutstandingPings: 10,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: 1000,
    streamResetRate: 33,
  }
}
