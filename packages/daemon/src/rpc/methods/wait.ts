import { create } from '@bufbuild/protobuf'
import { execStatusToProto, summaryToProto, type WaitRequest, type WaitResponse, WaitResponseSchema } from '@corral/api'

import type { Call } from '../call.ts'

/** Answers once a job has ended for good, or a further command has ended. */
export async function wait({ name, execId }: WaitRequest, { services, signal }: Call): Promise<WaitResponse> {
  if (execId === '') {
    return create(WaitResponseSchema, { job: summaryToProto(await services.jobs.wait(name, signal)) })
  }
  const execution = await services.jobs.execution(name, execId)
  return create(WaitResponseSchema, { exec: execStatusToProto(await execution.wait(signal)) })
}
