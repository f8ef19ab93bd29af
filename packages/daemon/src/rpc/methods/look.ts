import { create } from '@bufbuild/protobuf'
import { descriptionToProto, type GetRequest, type GetResponse, GetResponseSchema, summaryToProto } from '@corral/api'

import type { Call } from '../call.ts'

/** A job's status; with `describe` all that is known of it. */
export async function get({ name, describe }: GetRequest, { services }: Call): Promise<GetResponse> {
  if (!describe) return create(GetResponseSchema, { job: summaryToProto(await services.jobs.status(name)) })
  const description = descriptionToProto(await services.jobs.inspect(name))
  return create(GetResponseSchema, { job: description.job, description })
}
