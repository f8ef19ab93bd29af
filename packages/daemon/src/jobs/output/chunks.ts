/** Most bytes of a chunk: each of any number of readers holds one while its client does not take it. */
const maxBytes = 64 * 1024

type Chunk = Uint8Array

/**
 * A stream in chunks of limited size. Who keeps up is given what there is. Who has much to catch up on brings its own
 * buffer, without which the library would read up to a MiB at once.
 */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Chunk, void, undefined> {
  let isBehind = false
  try {
    for (;;) {
      const chunk: Chunk | undefined = isBehind
        ? await readInto(stream, Buffer.allocUnsafeSlow(maxBytes))
        : await readNext(stream)
      if (!chunk) return
      isBehind = chunk.length >= maxBytes
      yield chunk
    }
  } finally {
    // One that has failed has nothing to let go of any more.
    await stream.cancel().catch(() => {})
  }
}

async function readNext(stream: ReadableStream<Uint8Array>): Promise<Chunk | undefined> {
  const reader = stream.getReader()
  try {
    return (await reader.read()).value
  } finally {
    reader.releaseLock()
  }
}

async function readInto(
  stream: ReadableStream<Uint8Array>,
  buffer: Uint8Array<ArrayBuffer>,
): Promise<Chunk | undefined> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    const { value, done } = await reader.read(buffer)
    return done ? undefined : value
  } finally {
    reader.releaseLock()
  }
}
