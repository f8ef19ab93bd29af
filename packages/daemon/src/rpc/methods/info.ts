import { create } from '@bufbuild/protobuf'
import { type InfoRequest, type InfoResponse, InfoResponseSchema, infoToProto, type ManagedInfo } from '@corral/api'

import type { Call } from '../call.ts'

/** What the daemon is, whom it takes the caller for, and how it does. */
export async function info(_request: InfoRequest, { grant, services }: Call): Promise<InfoResponse> {
  const { identity, role, quota } = grant
  const { jobs, draining } = services
  const message = infoToProto({
    ...services.info,
    uptimeMs: Math.max(0, Date.now() - services.info.startedAt.getTime()),
    draining: draining.aborted,
    identity,
    role,
    jobs: countByState(grant.sees, services),
    quota: { bounds: quota, usage: jobs.quotaUsage(identity) },
  })
  return create(InfoResponseSchema, { info: message })
}

function countByState(sees: (owner: string) => boolean, { jobs }: Call['services']): ManagedInfo['jobs'] {
  const counts: ManagedInfo['jobs'] = {}
  for (const { owner, state } of jobs.all()) if (sees(owner)) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
