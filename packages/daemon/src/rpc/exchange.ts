import type { DescMethod, Message } from '@bufbuild/protobuf'
import type { ConnectError, HandlerContext } from '@connectrpc/connect'
import { FieldError } from '@corral/api'

import type { Asked } from '../audit/index.ts'
import { type Access, requireRole } from './access.ts'
import { type Call, requireVisible } from './call.ts'
import { callerKey, grantKey, requestIdKey } from './context.ts'
import { Ending } from './ending.ts'
import { fieldFinder } from './field-finder.ts'
import { codeName, reasonOf, toRpcError } from './rpc-error.ts'
import type { RpcServices } from './services.ts'
import type { StreamSlots } from './stream-slots.ts'
import { refuseUnknownFields } from './unknown-fields.ts'

/** What all requests of a method have in common. */
export interface Served {
  services: RpcServices
  slots: StreamSlots
  method: DescMethod
  access: Access
}

/** A request from its first byte to its end: what there is to look at before, and to write down after. */
export class Exchange {
  readonly #served: Served
  readonly #request: Message
  readonly #begun = performance.now()
  readonly #ending: Ending
  readonly call: Call

  constructor(served: Served, request: Message, { values, signal }: HandlerContext) {
    const { services, access } = served
    this.#served = served
    this.#request = request
    this.#ending = new Ending(signal, access.waits ? services.draining : undefined)
    const [caller, grant, requestId] = [values.get(callerKey)!, values.get(grantKey)!, values.get(requestIdKey)]
    this.call = { services, caller, grant, requestId, signal: this.#ending.signal }
  }

  /**
   * Looks at what there is to look at before anything is done, and takes what the request counts for. What it gives is
   * called at the end.
   */
  async open(): Promise<() => void> {
    const { slots, services, method, access } = this.#served
    requireRole(this.call.grant, access.role, method.name)
    refuseUnknownFields(method.input, this.#request)
    for (const name of namesOf(method, this.#request)) requireVisible(this.call, name)
    if (access.mutates) await services.audit.ready()
    if (!access.waits) return () => {}
    const release = slots.take(this.call.grant.identity)
    services.metrics.streamOpened(method.name)
    return () => {
      services.metrics.streamClosed(method.name)
      release()
    }
  }

  /** Writes down what came of it. @throws {DaemonError} what is to be answered in place of a success. */
  async record(error?: unknown, response?: Message): Promise<void> {
    if (!this.#served.access.mutates) return
    const answer = error === undefined ? undefined : this.answer(error)
    const reason = answer && reasonOf(answer)
    const job = (response as { job?: { name: string } } | undefined)?.job?.name
    await this.#served.services.audit.record(this.#asked, {
      code: codeName(answer),
      ...(reason !== undefined && { reason }),
      ...(job !== undefined && { job }),
    })
  }

  /** Counts it, and lets go of what it holds. */
  end(error?: unknown): void {
    const { services, method } = this.#served
    const { requestId, grant } = this.call
    const code = codeName(error === undefined ? undefined : this.answer(error))
    const ms = performance.now() - this.#begun
    services.metrics.rpcEnded(method.name, code, ms)
    services.log.debug({ requestId, method: method.name, identity: grant.identity, code, ms }, 'request')
    if (code === 'internal') services.log.error({ requestId, method: method.name, err: error }, 'request failed')
    this.#ending[Symbol.dispose]()
  }

  /** An error in the words of the answer. */
  answer(error: unknown): ConnectError {
    return toRpcError(error, { requestId: this.call.requestId, fieldOf: fieldFinder(this.#served.method) })
  }

  get #asked(): Asked {
    const { caller, requestId } = this.call
    return { method: this.#served.method.localName, caller, requestId, message: this.#request }
  }
}

/** Names of jobs that a request is about: they have to be there for the caller. */
function namesOf({ localName }: DescMethod, request: Message): readonly string[] {
  if (localName === 'start') return []
  const { name, names, resumeToken } = request as { name?: string; names?: string[]; resumeToken?: string }
  // Somebody who has watched a job before may hear that it was removed; of others' jobs nothing is told anyway.
  if (localName === 'watch') return name === '' || resumeToken !== '' ? [] : [name!]
  if (name === '') throw new FieldError('name', name, "a job's name")
  return name === undefined ? (names ?? []) : [name]
}
