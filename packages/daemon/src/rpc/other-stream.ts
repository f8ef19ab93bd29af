import type { HandlerContext } from '@connectrpc/connect'

import { callerKey, requestIdKey } from './context.ts'
import { Ending } from './ending.ts'
import { releasing } from './release.ts'
import { toRpcError } from './rpc-error.ts'
import type { RpcServices } from './services.ts'
import type { StreamSlots } from './stream-slots.ts'

/** What bounds the streams of services that have nothing to do with jobs. */
export interface OtherStreams extends Pick<RpcServices, 'draining'> {
  slots: StreamSlots
}

/**
 * A stream of a service that has nothing to do with jobs: it takes a slot as others do, and what makes it is to come to
 * its end once `ending` is aborted, since the daemon is about to end or the client has gone.
 */
export function otherStream<T>(
  { draining, slots }: OtherStreams,
  { signal, values }: HandlerContext,
  make: (ending: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterable<T> {
  const take = (): (() => void) => {
    try {
      return slots.take(values.get(callerKey)?.identity ?? '')
    } catch (error) {
      throw toRpcError(error, { requestId: values.get(requestIdKey) })
    }
  }
  return releasing(holding(take, make(new Ending(signal, draining).signal)), signal)
}

async function* holding<T>(
  take: () => () => void,
  stream: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const release = take()
  try {
    yield* stream
  } finally {
    release()
  }
}
