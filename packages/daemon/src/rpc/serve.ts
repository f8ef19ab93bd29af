import type { DescMethod, Message } from '@bufbuild/protobuf'
import type { ConnectError, HandlerContext } from '@connectrpc/connect'
import { FieldError } from '@corral/api'

import { type Access, requireRole } from './access.ts'
import { auditDetail } from './audit-detail.ts'
import { type Call, requireVisible } from './call.ts'
import { callerKey, grantKey, requestIdKey } from './context.ts'
import { Ending, unlessAborted } from './ending.ts'
import { fieldFinder } from './field-finder.ts'
import { releasing } from './release.ts'
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

type Request = Message & Record<string, unknown>

/** A request from its first byte to its end: what it was, and what is written down of it. */
class Exchange {
  readonly #served: Served
  readonly #request: Request
  readonly #call: Omit<Call, 'signal'>
  readonly #begun = performance.now()
  readonly #ending: Ending
  readonly call: Call

  constructor(served: Served, request: Request, { values, signal }: HandlerContext) {
    const { services, access } = served
    this.#served = served
    this.#request = request
    this.#ending = new Ending(signal, access.waits ? services.draining : undefined)
    const [caller, grant, requestId] = [values.get(callerKey)!, values.get(grantKey)!, values.get(requestIdKey)]
    this.call = { services, caller, grant, requestId, signal: this.#ending.signal }
    this.#call = this.call
  }

  /** @throws what is to be said of a request that is not even begun. */
  check(): void {
    const { method, access } = this.#served
    requireRole(this.call.grant, access.role, method.name)
    refuseUnknownFields(method.input, this.#request)
    for (const name of namesOf(this.#served, this.#request)) requireVisible(this.call, name)
  }

  /** Takes what it counts for; what it gives is called at its end. */
  open(): () => void {
    const { slots, services, method, access } = this.#served
    if (!access.waits) return () => {}
    const release = slots.take(this.call.grant.identity)
    services.metrics.streamOpened(method.name)
    return () => {
      services.metrics.streamClosed(method.name)
      release()
    }
  }

  /** Writes down what came of it. Gives the error in the words of the answer. */
  end(error?: unknown, response?: Message): ConnectError | undefined {
    const { services, method, access } = this.#served
    const { requestId, grant } = this.#call
    const answer = error === undefined ? undefined : this.answer(error)
    const code = codeName(answer)
    const ms = performance.now() - this.#begun
    services.metrics.rpcEnded(method.name, code, ms)
    services.log.debug({ requestId, method: method.name, identity: grant.identity, code, ms }, 'request')
    if (code === 'internal') services.log.error({ requestId, method: method.name, err: error }, 'request failed')
    if (access.mutates) this.#audit(answer, response)
    this.#ending[Symbol.dispose]()
    return answer
  }

  answer(error: unknown): ConnectError {
    return toRpcError(error, { requestId: this.#call.requestId, fieldOf: fieldFinder(this.#served.method) })
  }

  #audit(answer: ConnectError | undefined, response: Message | undefined): void {
    const { services, method } = this.#served
    const { caller, requestId } = this.#call
    const { job, detail } = auditDetail(method.input, this.#request, response)
    const reason = answer && reasonOf(answer)
    services.audit.record({
      at: new Date(),
      identity: caller.identity,
      from: caller.from,
      method: method.name,
      ...(job !== undefined && { job }),
      outcome: codeName(answer),
      ...(reason !== undefined && { reason }),
      detail,
      requestId,
    })
  }
}

/** Names of jobs that a request is about: they have to be there for the caller. */
function namesOf({ method }: Served, request: Request): readonly string[] {
  if (method.localName === 'start') return []
  const { name, names, resumeToken } = request as { name?: string; names?: string[]; resumeToken?: string }
  // Somebody who has watched a job before may hear that it was removed; of others' jobs nothing is told anyway.
  if (method.localName === 'watch') return name === '' || resumeToken !== '' ? [] : [name!]
  if (name === '') throw new FieldError('name', name, "a job's name")
  return name === undefined ? (names ?? []) : [name]
}

/** Answers with one message. What was begun goes on when nobody waits for it any more. */
export function serveUnary<I extends Message, O extends Message>(
  served: Served,
  perform: (request: I, call: Call) => Promise<O>,
): (request: I, context: HandlerContext) => Promise<O> {
  return async (request, context) => {
    const exchange = new Exchange(served, request, context)
    const work = (async () => {
      try {
        exchange.check()
        const close = exchange.open()
        const response = await perform(request, exchange.call).finally(close)
        exchange.end(undefined, response)
        return response
      } catch (error) {
        throw exchange.end(error)!
      }
    })()
    return unlessAborted(work, exchange.call.signal).catch((error: unknown) => {
      throw exchange.answer(error)
    })
  }
}

/** Answers with a stream, which holds nothing once its client is gone. */
export function serveStream<I extends Message, O extends Message>(
  served: Served,
  perform: (request: I, call: Call) => AsyncIterable<O>,
): (request: I, context: HandlerContext) => AsyncIterable<O> {
  return (request, context) => {
    const exchange = new Exchange(served, request, context)
    return translated(
      releasing(
        run(exchange, () => perform(request, exchange.call)),
        exchange.call.signal,
      ),
      exchange,
    )
  }
}

async function* run<O>(exchange: Exchange, perform: () => AsyncIterable<O>): AsyncGenerator<O, void, undefined> {
  let failure: unknown
  let close = (): void => {}
  try {
    exchange.check()
    close = exchange.open()
    yield* perform()
  } catch (error) {
    failure = error
    throw error
  } finally {
    close()
    const { aborted, reason } = exchange.call.signal
    exchange.end(failure ?? (aborted ? reason : undefined))
  }
}

async function* translated<O>(stream: AsyncIterable<O>, exchange: Exchange): AsyncGenerator<O> {
  try {
    yield* stream
  } catch (error) {
    throw exchange.answer(error)
  }
}
