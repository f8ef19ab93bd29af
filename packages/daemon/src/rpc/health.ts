import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect'
import { grpcHealth, JobService } from '@corral/api'

import { callerKey } from './context.ts'
import { Ending } from './ending.ts'
import { releasing } from './release.ts'
import type { RpcServices } from './services.ts'
import type { StreamSlots } from './stream-slots.ts'

type Request = grpcHealth.HealthCheckRequest
type Response = grpcHealth.HealthCheckResponse

const { HealthCheckResponse_ServingStatus: Status, HealthCheckResponseSchema } = grpcHealth

/** All that can be asked after; empty: the daemon as a whole. */
const known = new Set(['', JobService.typeName, grpcHealth.Health.typeName])

/**
 * grpc.health.v1: whether the daemon takes requests. It has recovered its jobs before it is asked anything, and takes
 * nothing new once it is about to end. Everybody may ask who gets so far as to ask.
 */
export function healthService({ draining }: RpcServices, slots: StreamSlots): ServiceImpl<typeof grpcHealth.Health> {
  const statusOf = (service: string): Response => {
    const serving = draining.aborted ? Status.NOT_SERVING : Status.SERVING
    return create(HealthCheckResponseSchema, { status: known.has(service) ? serving : Status.SERVICE_UNKNOWN })
  }
  return {
    async check({ service }: Request) {
      if (!known.has(service)) throw new ConnectError(`no service ${JSON.stringify(service)}`, Code.NotFound)
      return statusOf(service)
    },
    watch({ service }: Request, { signal, values }: HandlerContext) {
      const open = (): (() => void) => slots.take(values.get(callerKey)?.identity ?? '')
      return releasing(
        follow(() => statusOf(service), new Ending(signal, draining).signal, open),
        signal,
      )
    },
  }
}

/** The status, and the one that it becomes; the daemon's end is the stream's. */
async function* follow(
  status: () => Response,
  ending: AbortSignal,
  open: () => () => void,
): AsyncGenerator<Response, void, undefined> {
  const close = open()
  try {
    yield status()
    if (!ending.aborted) await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }))
    yield status()
  } finally {
    close()
  }
}
