import { create } from '@bufbuild/protobuf'
import {
  FieldError,
  type FreezeRequest,
  type FreezeResponse,
  FreezeResponseSchema,
  limitsFromProto,
  summaryToProto,
  type ThawRequest,
  type ThawResponse,
  ThawResponseSchema,
  type UpdateRequest,
  type UpdateResponse,
  UpdateResponseSchema,
} from '@corral/api'

import type { Call } from '../call.ts'

/** Changes limits of a job that runs. */
export async function update({ name, limits }: UpdateRequest, { grant, services }: Call): Promise<UpdateResponse> {
  if (!limits) throw new FieldError('limits', limits, 'the limits that are to change')
  const job = await services.jobs.update(name, grant.admitLimits(limitsFromProto(limits)))
  return create(UpdateResponseSchema, { job: summaryToProto(job) })
}

/** Stops all processes of a job in their tracks. */
export async function freeze({ name }: FreezeRequest, { services }: Call): Promise<FreezeResponse> {
  await services.jobs.freeze(name)
  return create(FreezeResponseSchema)
}

/** Lets a frozen job go on. */
export async function thaw({ name }: ThawRequest, { services }: Call): Promise<ThawResponse> {
  await services.jobs.thaw(name)
  return create(ThawResponseSchema)
}
