import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect'
import { grpcHealth, JobService } from '@corral/api'

import { type OtherStreams, otherStream } from './other-stream.ts'

type Request = grpcHealth.HealthCheckRequest
type Response = grpcHealth.HealthCheckResponse

const { HealthCheckResponse_ServingStatus: Status, HealthCheckResponseSchema } = grpcHealth

/** All that can be asked after; empty: the daemon as a whole. */
const known = new Set(['', JobService.typeName, grpcHealth.Health.typeName])

/**
 * grpc.health.v1: whether the daemon takes requests. It has recovered its jobs before it is asked anything, and takes
 * nothing new once it is about to end. Everybody may ask who gets so far as to ask.
 */
export function healthService(streams: OtherStreams): ServiceImpl<typeof grpcHealth.Health> {
  const { draining } = streams
  const statusOf = (service: string): Response => {
    const serving = draining.aborted ? Status.NOT_SERVING : Status.SERVING
    return create(HealthCheckResponseSchema, { status: known.has(service) ? serving : Status.SERVICE_UNKNOWN })
  }
  return {
    async check({ service }: Request) {
      if (!known.has(service)) throw new ConnectError(`no service ${JSON.stringify(service)}`, Code.NotFound)
      return statusOf(service)
    },
    watch({ service }: Request, context: HandlerContext) {
      return otherStream(streams, context, (ending) => follow(() => statusOf(service), ending))
    },
  }
}

/** The status, and the one that it becomes; the daemon's end is the stream's. */
async function* follow(status: () => Response, ending: AbortSignal): AsyncGenerator<Response, void, undefined> {
  yield status()
  if (!ending.aborted) await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }))
  yield status()
}
