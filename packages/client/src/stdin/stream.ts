import type { Stdin } from '@corral/runner'

/** Most bytes that go with a start: more is sent while the command runs. */
const mostWithStart = 1024 * 1024

/** What is to be a command's standard input, and is not in the message that starts it. */
type Stream = AsyncIterable<string | Uint8Array>

/** A configuration whose standard input is small enough to go with it, or is a stream that goes after it. */
export function streamOf<Config extends { stdin?: Stdin }>(config: Config): { config: Config; stream?: Stream } {
  const { stdin } = config
  if (typeof stdin === 'object' && stdin !== null && Symbol.asyncIterator in stdin) return { config, stream: stdin }
  const bytes = typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin
  if (!(bytes instanceof Uint8Array) || bytes.length <= mostWithStart) return { config }
  const stream = piecesOf(bytes)
  return { config: { ...config, stdin: stream }, stream }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
