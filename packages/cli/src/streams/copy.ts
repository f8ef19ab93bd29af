import { writeOut } from './stdout.ts'

/** As much as is read at once. Only what is filled of it takes memory. */
const bufferBytes = 2 * 1024 * 1024

/**
 * Copies a byte stream to stdout until it ends, through one buffer that is used again and again: fresh memory for each
 * read would take as long as the copy.
 * @throws {StdoutClosedError | StdoutFailedError} and the stream's own error. The stream is cancelled then.
 */
export async function copyOut(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    let view = new Uint8Array(bufferBytes)
    for (;;) {
      const { done, value } = await reader.read(view)
      if (done) return
      await writeOut(value)
      view = new Uint8Array(value.buffer)
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
