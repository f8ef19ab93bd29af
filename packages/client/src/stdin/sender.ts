import { CorralError, JobEndedError, JobNotFoundError } from '@corral/runner/errors'

import { RemoteError } from '../errors/remote-error.ts'
import type { Link } from '../calls/link.ts'
import type { Target } from '../output/reader.ts'
import { pause } from '../retry/pause.ts'
import { openSource } from './source.ts'

/** Most bytes in one message. */
const partBytes = 256 * 1024

/** A command's standard input on its way to it. */
export interface Sending {
  /** Resolves when all was sent, or nobody takes it any more. Rejects with a CorralError, `STDIN_FAILED`. */
  readonly done: Promise<void>
  /** Sends nothing more. */
  stop(): void
}

/**
 * Sends a stream to a command, as fast as that reads; what was sent already when a connection is lost is not sent again.
 * `ended` resolves when the command has ended: a stream that has nothing to say for now would not hear of it.
 */
export function sendInput(
  link: Link,
  target: Target,
  given: AsyncIterable<string | Uint8Array>,
  ended: (signal: AbortSignal) => Promise<unknown>,
): Sending {
  const over = new AbortController()
  const source = openSource(given)
  const send = async (): Promise<void> => {
    let offset = 0
    for (let chunk = await read(source.next()); chunk; chunk = await read(source.next())) {
      for (let at = 0; at < chunk.length; at += partBytes) {
        const part = chunk.subarray(at, at + partBytes)
        await write(link, target, { offset, data: part, end: false }, over.signal)
        offset += part.length
      }
    }
    await write(link, target, { offset, data: new Uint8Array(), end: true }, over.signal)
  }
  const run = async (): Promise<void> => {
    try {
      await Promise.race([send(), ended(over.signal)])
    } catch (error) {
      if (!over.signal.aborted && !link.closed.aborted && !isGone(error)) throw asFailure(error)
    } finally {
      over.abort()
      source.close()
    }
  }
  return { done: run(), stop: () => over.abort() }
}

interface Part {
  offset: number
  data: Uint8Array
  end: boolean
}

async function write(link: Link, target: Target, part: Part, signal: AbortSignal): Promise<void> {
  const message = { ...target, ...part, offset: BigInt(part.offset) }
  for (;;) {
    try {
      await link.ask((options) => link.jobs.writeInput(message, options), { signal, waits: true })
      return
    } catch (error) {
      // The same part waits there several times already, as a connection was lost each time before it was taken.
      if (!(error instanceof RemoteError && error.reason === 'RATE_LIMITED')) throw error
      await pause(error.retryAfterMs ?? 1000, signal)
    }
  }
}

/** A command that has ended, or has closed its standard input, reads no more: that is no failure. */
function isGone(error: unknown): boolean {
  if (error instanceof JobEndedError || error instanceof JobNotFoundError) return true
  const cause = error instanceof CorralError ? error.cause : undefined
  return cause instanceof RemoteError && cause.reason === 'INPUT_GONE' && cause.metadata['by'] === 'command'
}

/** Of our own, and of the daemon that no longer has the command's input. */
function asFailure(cause: unknown): CorralError {
  if (cause instanceof CorralError && cause.code === 'STDIN_FAILED') return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CorralError('STDIN_FAILED', `could not send what is the command's standard input: ${reason}`, { cause })
}

async function read(next: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    return await next
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CorralError('STDIN_FAILED', `could not read what is the command's standard input: ${reason}`, { cause })
  }
}
