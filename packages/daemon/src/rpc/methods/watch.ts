import { create } from '@bufbuild/protobuf'
import { eventToProto, type WatchRequest, type WatchResponse, WatchResponseSchema } from '@corral/api'

import type { Call } from '../call.ts'

/** What happens to the jobs that the caller can see; the first message is there at once, and has only a token. */
export async function* watch(request: WatchRequest, call: Call): AsyncGenerator<WatchResponse, void, undefined> {
  const { grant, services, signal } = call
  const { name, resumeToken } = request
  for await (const { event, owner, token } of services.jobs.watch(resumeToken || undefined, signal)) {
    if (event && (!grant.sees(owner) || (name !== '' && event.name !== name))) continue
    yield create(WatchResponseSchema, { ...(event && { event: eventToProto(event) }), resumeToken: token })
  }
}
