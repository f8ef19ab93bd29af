import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'

import { DaemonError } from '../errors.ts'
import { access, type MethodName } from './access.ts'
import { callerKey, grantKey, requestIdKey } from './context.ts'
import { codeName, toRpcError } from './rpc-error.ts'
import type { RpcServices } from './services.ts'

/** What a client may call its request: what can do no harm in a log or a header. */
const sane = /^[\w.:/+=-]{1,128}$/

/** Names the request, for the log, for the answer, and for whoever asks about it later. */
export function nameRequest({ requestHeader, responseHeader, values }: HandlerContext): string {
  const given = requestHeader.get('x-request-id')
  const requestId = given !== null && sane.test(given) ? given : crypto.randomUUID()
  values.set(requestIdKey, requestId)
  responseHeader.set('x-request-id', requestId)
  return requestId
}

/** Lets in whom the policy knows, before anything of the request is read. */
export function gateOf({ policy, audit, metrics }: RpcServices): (context: HandlerContext) => Promise<void> {
  return async (context) => {
    const requestId = nameRequest(context)
    const caller = context.values.get(callerKey)
    const grant = caller && policy.grant(caller)
    if (grant) {
      context.values.set(grantKey, grant)
      return
    }
    const error = toRpcError(unknown(caller?.identity), { requestId })
    const { localName: method, name, input } = context.method
    metrics.rpcEnded(name, codeName(error), 0)
    if (access[method as MethodName]?.mutates) {
      const outcome = { code: codeName(error), reason: 'UNKNOWN_IDENTITY' }
      await audit.record({ method, caller, requestId, message: create(input) }, outcome).catch(() => {})
    }
    throw error
  }
}

function unknown(identity = ''): DaemonError {
  const who = identity === '' ? 'a caller without an identity' : identity
  return new DaemonError('UNKNOWN_IDENTITY', `the policy says nothing of ${who}: it may do nothing`, { identity })
}
