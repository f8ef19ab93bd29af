import { createContextKey } from '@connectrpc/connect'

import type { Caller } from '../identity/caller.ts'
import type { Grant } from '../policy/contract.ts'

/** Who is at the other end; set by the listener. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'caller' })

/** What the caller may do; set by the gate. */
export const grantKey = createContextKey<Grant | undefined>(undefined, { description: 'grant' })

/** What a request is called in the log, and in the response's header. */
export const requestIdKey = createContextKey('', { description: 'request id' })
