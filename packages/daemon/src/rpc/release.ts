/**
 * A stream that lets go of all that it holds as soon as the signal is aborted, also while nobody asks it for more: a client
 * that does not read keeps the transport waiting, and nobody tells the generator when it goes away. Whoever asks for more
 * afterwards gets the signal's reason: an end would pass for the whole of it.
 */
export function releasing<T>(generator: AsyncGenerator<T, void, undefined>, signal: AbortSignal): AsyncIterable<T> {
  let isOver = false
  const abort = (): void => {
    // One that is at work comes to this once it is done; the same signal ends what it waits for.
    if (!isOver) void generator.return().catch(() => {})
  }
  const leave = (): void => {
    isOver = true
    signal.removeEventListener('abort', abort)
  }
  return {
    [Symbol.asyncIterator]: () => {
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort, { once: true })
      return {
        async next() {
          if (signal.aborted && !isOver) throw signal.reason
          const result = await generator.next().catch((error: unknown) => {
            leave()
            throw error
          })
          if (result.done && signal.aborted && !isOver) throw signal.reason
          if (result.done) leave()
          return result
        },
        async return() {
          leave()
          return generator.return()
        },
      }
    },
  }
}
