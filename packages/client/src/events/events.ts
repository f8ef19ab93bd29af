import type { CallOptions } from '@connectrpc/connect'
import { eventFromProto, type ManagedEvent, type WatchResponse } from '@corral/api'
import { InvalidOptionError } from '@corral/runner/errors'

import type { Link } from '../calls/link.ts'
import { fromMessage } from '../calls/messages.ts'

/** All that happens to jobs from this call on, whenever it is taken, until the runner is closed. */
export function watchEvents(link: Link, options: { signal?: AbortSignal }): AsyncIterableIterator<ManagedEvent, void> {
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', signal, 'an AbortSignal')
  }
  const left = new AbortController()
  const until = signal ? AbortSignal.any([signal, left.signal]) : left.signal
  // What happens from now on is kept by the daemon: there is no stream before somebody takes what it gives.
  const begin = firstToken(link, until)
  begin.catch(() => {})
  const events = readEvents(link, begin, until)
  return {
    async next() {
      try {
        return await events.next()
      } catch (error) {
        if (left.signal.aborted || (link.closed.aborted && !signal?.aborted)) return { done: true, value: undefined }
        throw error
      }
    },
    // A generator that waits would not come to its own end.
    async return() {
      left.abort()
      await events.return().catch(() => {})
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Where what is yet to happen begins. */
async function firstToken(link: Link, signal: AbortSignal): Promise<string> {
  for await (const { resumeToken } of link.follow((options) => link.jobs.watch({}, options), signal)) return resumeToken
  return ''
}

async function* readEvents(
  link: Link,
  begin: Promise<string>,
  signal: AbortSignal,
): AsyncGenerator<ManagedEvent, void, undefined> {
  let token = await begin
  const open = (options: CallOptions): AsyncIterable<WatchResponse> => link.jobs.watch({ resumeToken: token }, options)
  for await (const { event, resumeToken } of link.follow(open, signal)) {
    token = resumeToken
    if (event) yield fromMessage(link.address, () => eventFromProto(event))
  }
}
