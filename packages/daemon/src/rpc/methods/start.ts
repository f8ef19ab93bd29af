import { create } from '@bufbuild/protobuf'
import {
  FieldError,
  type StartRequest,
  type StartResponse,
  StartResponseSchema,
  startRequestFromProto,
  summaryToProto,
} from '@corral/api'

import { DaemonError } from '../../errors.ts'
import type { Call } from '../call.ts'

const maxRequestId = 128

/** Starts a job for the caller, who is its owner. */
export async function start(request: StartRequest, { grant, services }: Call): Promise<StartResponse> {
  refuseWhileDraining(services.draining)
  if (request.requestId.length > maxRequestId) {
    throw new FieldError('request_id', `${request.requestId.length} characters`, `at most ${maxRequestId}`)
  }
  const { config, requestId, streamsInput, restart, priority = 0, whenFull = 'queue' } = startRequestFromProto(request)
  const job = await services.jobs.start({
    config: grant.admit(config),
    owner: grant.identity,
    ...(requestId !== undefined && { requestId }),
    restart: restart ?? { mode: 'never' },
    priority: grant.admitPriority(priority),
    whenFull,
    quota: grant.quota,
    streamsInput,
  })
  return create(StartResponseSchema, { job: summaryToProto(job) })
}

/** Nothing new is begun by a daemon that is about to end. */
export function refuseWhileDraining(draining: AbortSignal): void {
  if (draining.aborted) throw new DaemonError('DRAINING', 'the daemon is about to end, and starts nothing: come again')
}
