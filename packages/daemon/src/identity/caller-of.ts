import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import type { Caller } from './caller.ts'

/** By connection: an HTTP/1.1 one's socket, an HTTP/2 one's session. */
const callers = new WeakMap<object, Caller>()

/** Says who is at the other end of a connection, once for all its requests. */
export function setCaller(connection: object, caller: Caller): void {
  callers.set(connection, caller)
}

/** Who sends a request: what `contextValues` of `connectNodeAdapter` needs. Undefined for what no listener of ours took. */
export function callerOf(req: IncomingMessage | Http2ServerRequest): Caller | undefined {
  const connection = 'stream' in req ? req.stream.session : req.socket
  return connection && callers.get(connection)
}
