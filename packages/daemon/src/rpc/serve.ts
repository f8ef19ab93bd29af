import type { DescMethod, Message } from '@bufbuild/protobuf'
import type { ConnectError, HandlerContext } from '@connectrpc/connect'
import { FieldError } from '@corral/api'

import { type Access, requireRole } from './access.ts'
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

  /** The same of a request that changes something: what cannot be written down is not done. */
  async checkChange(): Promise<void> {
    this.check()
    if (this.#served.access.mutates) await this.#served.services.audit.ready()
  }

  /** Writes down what was done before it is answered. @throws what is to be answered instead, when it cannot be. */
  async record(error?: unknown, response?: Message): Promise<void> {
    const { services, method, access } = this.#served
    if (!access.mutates) return
    const { caller, requestId } = this.#call
    const answer = error === undefined ? undefined : this.answer(error)
    const reason = answer && reasonOf(answer)
    const { name: job } = (response as { job?: { name: string } } | undefined)?.job ?? {}
    await services.audit.record(
      { method: method.localName, caller, requestId, message: this.#request },
      { code: codeName(answer), ...(reason !== undefined && { reason }), ...(job !== undefined && { job }) },
    )
  }

  /** Counts it. Gives the error in the words of the answer. */
  end(error?: unknown): ConnectError | undefined {
    const { services, method } = this.#served
    const { requestId, grant } = this.#call
    const answer = error === undefined ? undefined : this.answer(error)
    const code = codeName(answer)
    const ms = performance.now() - this.#begun
    services.metrics.rpcEnded(method.name, code, ms)
    services.log.debug({ requestId, method: method.name, identity: grant.identity, code, ms }, 'request')
    if (code === 'internal') services.log.error({ requestId, method: method.name, err: error }, 'request failed')
    this.#ending[Symbol.dispose]()
    return answer
  }

  answer(error: unknown): ConnectError {
    return toRpcError(error, { requestId: this.#call.requestId, fieldOf: fieldFinder(this.#served.method) })
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
    const work = answerOf(exchange, () => perform(request, exchange.call))
    return unlessAborted(work, exchange.call.signal).catch((error: unknown) => {
      throw exchange.answer(error)
    })
  }
}

/** Does what was asked for, and writes it down, whoever still waits for it. */
async function answerOf<O extends Message>(exchange: Exchange, perform: () => Promise<O>): Promise<O> {
  try {
    const response = await done(exchange, perform).catch(async (error: unknown) => {
      await exchange.record(error)
      throw error
    })
    await exchange.record(undefined, response)
    exchange.end()
    return response
  } catch (error) {
    throw exchange.end(error)!
  }
}

async function done<O>(exchange: Exchange, perform: () => Promise<O>): Promise<O> {
  await exchange.checkChange()
  const close = exchange.open()
  return perform().finally(close)
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
