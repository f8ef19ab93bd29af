/** A stream of text or bytes, as it is given for a command's standard input. */
export interface Source {
  /** The next bytes; undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  /** Lets go of it, also while something is waited for. */
  close(): void
}

type Given = AsyncIterable<string | Uint8Array>

/** Opens a stream of Node's or of the web, or anything else that can be iterated over. */
export function openSource(given: Given): Source {
  if (given instanceof ReadableStream) return fromReader(given.getReader())
  const iterator = given[Symbol.asyncIterator]()
  return {
    async next() {
      const { done, value } = await iterator.next()
      return done ? undefined : toBytes(value)
    },
    close() {
      // An iterator of Node's would not hear of it before it has something to give.
      if ('destroy' in given && typeof given.destroy === 'function') given.destroy()
      else void iterator.return?.()?.catch(() => {})
    },
  }
}

function fromReader(reader: ReadableStreamDefaultReader<string | Uint8Array>): Source {
  return {
    async next() {
      const { done, value } = await reader.read()
      return done ? undefined : toBytes(value)
    },
    close: () => void reader.cancel().catch(() => {}),
  }
}

function toBytes(chunk: string | Uint8Array): Uint8Array {
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
  if (chunk instanceof Uint8Array) return chunk
  throw new TypeError(`a stream that is standard input gives text or bytes, and gave ${typeof chunk}`)
}
