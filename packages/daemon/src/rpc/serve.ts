import type { Message } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'

import type { Call } from './call.ts'
import { unlessAborted } from './ending.ts'
import { Exchange, type Served } from './exchange.ts'
import { releasing } from './release.ts'

/** Answers with one message. What was begun goes on when nobody waits for it any more. */
export function serveUnary<I extends Message, O extends Message>(
  served: Served,
  perform: (request: I, call: Call) => Promise<O>,
): (request: I, context: HandlerContext) => Promise<O> {
  return async (request, context) => {
    const exchange = new Exchange(served, request, context)
    try {
      const work = carryOut(exchange, () => perform(request, exchange.call))
      return await unlessAborted(work, exchange.call.signal)
    } catch (error) {
      throw exchange.answer(error)
    }
  }
}

async function carryOut<O extends Message>(exchange: Exchange, perform: () => Promise<O>): Promise<O> {
  try {
    const response = await recorded(exchange, async () => {
      const close = await exchange.open()
      return perform().finally(close)
    })
    exchange.end()
    return response
  } catch (error) {
    exchange.end(error)
    throw error
  }
}

/** What came of it is written down before it is answered; of two failures the first one is told. */
async function recorded<O extends Message>(exchange: Exchange, work: () => Promise<O>): Promise<O> {
  const response = await work().catch(async (error: unknown) => {
    await exchange.record(error).catch(() => {})
    throw error
  })
  await exchange.record(undefined, response)
  return response
}

/** Answers with a stream, which holds nothing once its client is gone. */
export function serveStream<I extends Message, O extends Message>(
  served: Served,
  perform: (request: I, call: Call) => AsyncIterable<O>,
): (request: I, context: HandlerContext) => AsyncIterable<O> {
  return (request, context) => {
    const exchange = new Exchange(served, request, context)
    const messages = run(exchange, () => perform(request, exchange.call))
    return inAnswersWords(releasing(messages, exchange.call.signal), exchange)
  }
}

async function* run<O>(exchange: Exchange, perform: () => AsyncIterable<O>): AsyncGenerator<O, void, undefined> {
  let failure: unknown
  let close = (): void => {}
  try {
    close = await exchange.open()
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

async function* inAnswersWords<O>(messages: AsyncIterable<O>, exchange: Exchange): AsyncGenerator<O> {
  try {
    yield* messages
  } catch (error) {
    throw exchange.answer(error)
  }
}
