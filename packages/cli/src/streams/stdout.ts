import { fstatSync, write } from 'node:fs'

/** Whoever read our output has gone away, as `head` does when it has enough. */
export class StdoutClosedError extends Error {
  override name = 'StdoutClosedError'
}

/** Our output cannot be written: the disk is full, say. */
export class StdoutFailedError extends Error {
  override name = 'StdoutFailedError'

  constructor(cause: unknown) {
    const { message } = cause as NodeJS.ErrnoException
    // Node's messages are like `ENOSPC: no space left on device, write`.
    super(`could not write to stdout: ${message.replace(/, write$/, '')}`, { cause })
  }
}

let pipe: NodeJS.WriteStream | undefined
let isPipe: boolean | undefined

/**
 * Writes to stdout; resolves when the system has taken all of it, so that a slow reader slows the writer down.
 * The event loop is never blocked meanwhile: pipes go through Node's stream, which does not block on them, and files and
 * terminals, on which it would, through the thread pool.
 * @throws {StdoutClosedError}
 */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  isPipe ??= isPipeOrSocket()
  try {
    await (isPipe ? writePipe(bytes) : writeFile(bytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE')
      throw new StdoutClosedError('stdout was closed', { cause: error })
    throw new StdoutFailedError(error)
  }
}

function isPipeOrSocket(): boolean {
  const stats = fstatSync(1)
  return stats.isFIFO() || stats.isSocket()
}

function writePipe(bytes: Uint8Array): Promise<void> {
  // The error is also emitted; without a listener that would end the process with a stack trace.
  pipe ??= process.stdout.on('error', () => {})
  return new Promise((resolve, reject) => {
    pipe!.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

async function writeFile(bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const written = await writeSome(bytes, offset)
    // A terminal that another program has made non-blocking.
    if (written === 'EAGAIN') return writePipe(bytes.subarray(offset))
    offset += written
  }
}

function writeSome(bytes: Uint8Array, offset: number): Promise<number | 'EAGAIN'> {
  return new Promise((resolve, reject) => {
    write(1, bytes, offset, bytes.length - offset, null, (error, written) => {
      if (!error) resolve(written)
      else if (error.code === 'EAGAIN') resolve('EAGAIN')
      else reject(error)
    })
  })
}
