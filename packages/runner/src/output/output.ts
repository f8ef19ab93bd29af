import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknown } from '../errors/unknown.ts'
import { checkAbort, checkBoolean } from '../job/values.ts'
import type { Bytes } from './buffers.ts'
import type { OutputGap } from './gap.ts'
import { OutputReader, type OutputSource } from './reader.ts'

/** What `output` takes. */
export interface OutputOptions {
  /** Byte offset to begin at, to resume a stream that was cut off. Default 0. Not together with `tail`. */
  from?: number
  /** Go on until the job has ended and everything was delivered; else end where the output ends now. Default true. */
  follow?: boolean
  /** Begin with the last so many lines; 0: only what is yet to come. */
  tail?: number
  /**
   * Is told of bytes that were dropped, as `outputMax` has it, just before the bytes behind them are given: byte `offset +
   * bytes` is the next. Default: in their place there is a line that says how many they are.
   */
  onDropped?: (gap: OutputGap) => void
  /** Is told the byte offset that the stream begins at, before anything is given. */
  onStart?: (offset: number) => void
  /** Cancels the stream, which then errors with the signal's reason. */
  signal?: AbortSignal
}

function checkOutputOptions(options: OutputOptions): void {
  refuseUnknown('output', options, ['from', 'follow', 'tail', 'onDropped', 'onStart', 'signal'])
  const { from, tail, follow, signal } = options
  for (const [option, value] of Object.entries({ from, tail })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new InvalidOptionError(option, value, 'a whole number from 0')
    }
  }
  if (from !== undefined && tail !== undefined) throw new InvalidOptionError('tail', tail, 'either `from` or `tail`')
  checkBoolean('follow', follow)
  for (const option of ['onDropped', 'onStart'] as const) {
    const callback: unknown = options[option]
    if (callback !== undefined && typeof callback !== 'function')
      throw new InvalidOptionError(option, callback, 'a function')
  }
  checkAbort('signal', signal)
}

/**
 * Streams a job's output. `ended` resolves when nothing more will be written.
 * The stream reads when its consumer asks, into the consumer's own buffer where that is given (a BYOB reader).
 */
export function streamOutput(
  folder: OutputSource,
  options: OutputOptions,
  ended: (signal: AbortSignal) => Promise<unknown>,
): ReadableStream<Uint8Array> {
  checkOutputOptions(options)
  const { signal } = options
  const reader = new OutputReader(folder, options, ended)
  return new ReadableStream({
    type: 'bytes',
    async start(controller) {
      signal?.throwIfAborted()
      const abort = (): void => {
        controller.error(signal!.reason)
        void reader.close()
      }
      signal?.addEventListener('abort', abort, { signal: reader.gone })
      await reader.start()
    },
    async pull(controller) {
      const request = controller.byobRequest
      const chunk = await reader.next(request?.view ? asBytes(request.view) : undefined)
      if (reader.gone.aborted) return
      if (!chunk) {
        // First, so that whoever sees the end finds the file closed.
        await reader.close()
        controller.close()
        request?.respond(0)
      } else if (request) request.respond(chunk.length)
      else controller.enqueue(chunk)
    },
    cancel: () => reader.close(),
  })
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Bytes {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
