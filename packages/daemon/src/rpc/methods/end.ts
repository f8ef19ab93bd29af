import { create } from '@bufbuild/protobuf'
import {
  durationFromProto,
  type KillRequest,
  type KillResponse,
  KillResponseSchema,
  type RemoveRequest,
  type RemoveResponse,
  RemoveResponseSchema,
  type StopRequest,
  type StopResponse,
  StopResponseSchema,
  summaryToProto,
} from '@corral/api'
import type { Signal } from '@corral/runner'

import type { Call } from '../call.ts'

/** Ends a job for good. */
export async function stop({ name, signal, grace }: StopRequest, { services }: Call): Promise<StopResponse> {
  const job = await services.jobs.stop(name, {
    ...(signal !== undefined && { signal: signal as Signal }),
    ...(grace && { graceMs: durationFromProto('grace', grace) }),
  })
  return create(StopResponseSchema, { job: summaryToProto(job) })
}

/** Sends a signal to a job's command, or to a further command in it. */
export async function kill({ name, signal, execId }: KillRequest, { services }: Call): Promise<KillResponse> {
  if (execId === '') await services.jobs.kill(name, signal as Signal)
  else await (await services.jobs.execution(name, execId)).kill(signal as Signal)
  return create(KillResponseSchema)
}

/** Forgets a job, or the output of a further command. */
export async function remove({ name, execId, force }: RemoveRequest, { services }: Call): Promise<RemoveResponse> {
  if (execId === '') {
    return create(RemoveResponseSchema, { job: summaryToProto(await services.jobs.remove(name, { force })) })
  }
  await (await services.jobs.execution(name, execId)).remove()
  return create(RemoveResponseSchema, { job: summaryToProto(await services.jobs.status(name)) })
}
