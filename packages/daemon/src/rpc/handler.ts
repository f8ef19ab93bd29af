import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

import { type ContextValues, createConnectRouter, createContextValues } from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerRequest } from '@connectrpc/connect/protocol'
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node'

import type { Caller } from '../identity/caller.ts'
import { DaemonError } from '../errors.ts'
import { callerKey, requestIdKey } from './context.ts'
import { RequestRoom } from './request-room.ts'
import { createRoutes } from './routes.ts'
import { toRpcError } from './rpc-error.ts'
import { defaultLimits, type RpcServices } from './services.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

export type RpcHandler = (req: Request, res: Response) => void

/** Answers gRPC, gRPC-Web and Connect on one port, over HTTP/1.1 and HTTP/2. `callerOf` says who has sent a request. */
export function createHandler(services: RpcServices, callerOf: (req: Request) => Caller | undefined): RpcHandler {
  const router = createConnectRouter({ acceptCompression: [] })
  createRoutes(services)(router)
  const { maxMessageBytes } = { ...defaultLimits, ...services.limits }
  const room = new RequestRoom(16 * maxMessageBytes, 64 * maxMessageBytes)
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
  return (req, res) => {
    const handler = handlers.get(req.url?.split('?', 2)[0] ?? '')
    if (!handler) return answerNotFound(res)
    answer(handler, req, res, room, callerOf(req)).catch((error: unknown) => {
      if (isGone(req)) return
      services.log.error({ method: handler.method.name, err: error }, 'a response could not be sent')
      res.destroy()
    })
  }
}

async function answer(
  handler: UniversalHandler,
  req: Request,
  res: Response,
  room: RequestRoom,
  caller?: Caller,
): Promise<void> {
  const values = createContextValues().set(callerKey, caller)
  const request = toRequest(req, res, values)
  if (!request) return answerUnreadable(res)
  const held = room.hold(caller?.identity ?? '')
  res.once('close', () => held.release())
  const body = inAnswersWords(held.counted(request.body as AsyncIterable<Uint8Array>), values)
  await universalResponseToNodeResponse(await handler({ ...request, body }), res)
}

async function* inAnswersWords<T>(body: AsyncIterable<T>, values: ContextValues): AsyncGenerator<T> {
  try {
    yield* body
  } catch (error) {
    if (error instanceof DaemonError) throw toRpcError(error, { requestId: values.get(requestIdKey) })
    throw error
  }
}

/** Undefined: it says of no host, or of one that no address can have, for whom it is. */
function toRequest(req: Request, res: Response, values: ContextValues): UniversalServerRequest | undefined {
  try {
    return universalRequestFromNodeRequest(req, res, undefined, values)
  } catch {
    return undefined
  }
}

/** Of a client that is gone there is nothing to say. */
function isGone(req: Request): boolean {
  return 'stream' in req ? req.stream.destroyed || req.stream.closed : req.socket.destroyed
}

function answerUnreadable(res: Response): void {
  res.statusCode = 400
  res.end('corrald: the request has no `host`, or one that no address can have\n')
}

function answerNotFound(res: Response): void {
  res.statusCode = 404
  res.end('corrald: there is nothing at this path; calls are POST /corral.v1.JobService/METHOD\n')
}
