import { JobNotFoundError } from '@corral/runner/errors'

import type { Caller } from '../identity/caller.ts'
import type { Grant } from '../policy/contract.ts'
import type { RpcServices } from './services.ts'

/** One request, as its method sees it. */
export interface Call {
  services: RpcServices
  caller: Caller
  grant: Grant
  requestId: string
  /** Aborted when nobody waits for the answer any more, and, for what may take long, when the daemon is about to end. */
  signal: AbortSignal
}

/**
 * Somebody else's job is not there for a caller: it is looked up in the same time, and refused in the same words.
 * @throws {JobNotFoundError}
 */
export function requireVisible({ services, grant }: Call, name: string): void {
  const owner = services.jobs.ownerOf(name)
  if (owner === undefined || !grant.sees(owner)) throw new JobNotFoundError(name, services.info.storageRoot)
}
