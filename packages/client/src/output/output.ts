import type { OutputOptions } from '@corral/runner'

import type { Link } from '../calls/link.ts'
import { checkOutputOptions } from './options.ts'
import { OutputReader, type Target } from './reader.ts'

/**
 * Streams output as the library does, over as many connections as it takes. It asks for more when its consumer does: what
 * the daemon may send ahead is bounded by the connection's windows.
 */
export function streamOutput(link: Link, target: Target, options: OutputOptions): ReadableStream<Uint8Array> {
  checkOutputOptions(options)
  const { signal } = options
  const reader = new OutputReader(link, target, options)
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      signal?.throwIfAborted()
      const abort = (): void => {
        controller.error(signal!.reason)
        reader.close()
      }
      signal?.addEventListener('abort', abort, { signal: reader.gone })
      reader.start()
    },
    async pull(controller) {
      const request = controller.byobRequest
      const view = request?.view
      const bytes = await reader.next(view?.byteLength)
      if (reader.gone.aborted) return
      if (!bytes) {
        reader.close()
        controller.close()
        request?.respond(0)
      } else if (view) {
        new Uint8Array(view.buffer, view.byteOffset).set(bytes)
        request.respond(bytes.length)
        // A chunk's memory goes to its receiver, and a message's is not ours to give.
      } else controller.enqueue(bytes.slice())
    },
    cancel: () => reader.close(),
  })
}
