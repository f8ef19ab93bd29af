import { RemoteRunner } from '@corral/client'

import type { There } from './place.ts'

/** Connects to a daemon. */
export async function connect({ host, tls }: There, signal?: AbortSignal): Promise<RemoteRunner> {
  return RemoteRunner.connect({ host, tls, ...(signal && { signal }) })
}
