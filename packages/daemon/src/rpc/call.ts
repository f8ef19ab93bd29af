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
 * Whether the caller may know of a job. Somebody else's job is not there for it: looked up in the same time, and refused in
 * the same words.
 */
export function isVisible({ services, grant }: Call, name: string): boolean {
  const owner = services.jobs.ownerOf(name)
  return owner !== undefined && grant.sees(owner)
}

/** @throws {JobNotFoundError} for a job that is not there for the caller. */
export function requireVisible(call: Call, name: string): void {
  if (!isVisible(call, name)) throw new JobNotFoundError(name, call.services.info.storageRoot)
}
