import { createReadStream } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { CorralError } from '../errors/corral-error.ts'
import { Disconnected } from '../launch/connection.ts'
import { encodeFrame, FrameSplitter } from '../launch/frame.ts'
import { decodeRecord, type Field, type FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import type { CheckedStdin } from './check.ts'

/** A command's standard input on its way to it. */
export interface Input {
  /** What the frame says of it. */
  fields: readonly Field[]
  /** Sends what is to be sent while the command runs, if anything; resolves when all is sent, or nobody takes it any more. */
  send: (() => Promise<void>) | null
  /** Lets go of it: a command that still reads finds the end. */
  discard(): void
}

/** Nothing to be read. */
export const noInput: Input = { fields: [], send: null, discard: () => {} }

/**
 * Makes ready what a command is to read. `live`: it is sent while the command runs, whatever it is, as to a terminal,
 * which is typed at.
 * @throws {Disconnected} The launcher is gone.
 */
export async function openInput(storage: Storage, stdin: CheckedStdin | null, live: boolean): Promise<Input> {
  if (!stdin) return noInput
  if (stdin.kind === 'file' && !live) return { ...noInput, fields: [['stdinfile', stdin.path]] }
  const { name, connection } = await lend(storage)
  const discard = (): void => void connection.destroy()
  if (stdin.kind === 'bytes' && !live) {
    // Not its end: the launcher would take that for a connection whose runner has gone, should it see it before the start.
    connection.write(stdin.bytes)
    const { length } = stdin.bytes
    return {
      fields: [
        ['lent', name],
        ['stdinsize', length],
      ],
      send: null,
      discard,
    }
  }
  return { fields: [['lent', name]], send: () => feed(sourceOf(stdin), connection), discard }
}

type Source = AsyncIterable<string | Uint8Array> | Iterable<Uint8Array>

function sourceOf(stdin: CheckedStdin): Source {
  if (stdin.kind === 'stream') return stdin.source
  return stdin.kind === 'bytes' ? [stdin.bytes] : createReadStream(stdin.path)
}

/** A connection that the launcher hands on to the job whose frame names it. */
async function lend(storage: Storage): Promise<{ name: string; connection: Socket }> {
  const name = crypto.randomUUID()
  const connection = connect(storage.socketPath)
  const splitter = new FrameSplitter()
  const { promise: reply, resolve, reject } = Promise.withResolvers<FieldList>()
  connection.on('data', (bytes: Buffer) => {
    for (const payload of splitter.push(bytes)) resolve(decodeRecord(payload))
  })
  connection.on('error', () => {})
  connection.once('close', () => reject(new Disconnected('the launcher went away')))
  const request: Field[] = [
    ['type', 'lend'],
    ['id', 1],
    ['lent', name],
  ]
  connection.write(encodeFrame(request))
  const answer = await reply
  if (answer.get('type') === 'ok') {
    // From now on it keeps the process alive only while something is sent.
    connection.unref()
    return { name, connection }
  }
  connection.destroy()
  throw new CorralError('LAUNCHER_UNAVAILABLE', `the launcher takes no input: ${answer.get('message')}`)
}

/**
 * Sends all of a source, as fast as the command reads. A command that reads no more, or has ended, is no failure; a source
 * of Node's is closed then.
 * @throws {CorralError} `STDIN_FAILED` when the source fails: what the command has read is not all there was.
 */
async function feed(source: Source, connection: Socket): Promise<void> {
  // It has ended already: nothing is to be had of the source, and one that is open is closed.
  if (connection.destroyed || connection.readableEnded) return close(source)
  // It would else be ended with the other side, and a chunk that comes then be waited for in vain, its source never closed.
  connection.allowHalfOpen = true
  const gone = Promise.withResolvers<void>()
  connection.once('end', gone.resolve)
  connection.once('error', (error) => {
    if (isGone(error)) gone.resolve()
  })
  connection.ref()
  try {
    const sent = pipeline(source, connection).catch((error: unknown) => {
      if (!isGone(error)) throw stdinError(error)
    })
    // A source that has nothing to say for now would not hear that nobody listens.
    await Promise.race([sent, gone.promise])
    sent.catch(() => {})
  } finally {
    connection.unref()
    if (!connection.writableFinished) connection.destroy()
  }
}

function close(source: Source): void {
  if (source instanceof Readable) source.destroy()
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function stdinError(cause: unknown): CorralError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CorralError('STDIN_FAILED', `could not read what is the command's standard input: ${reason}`, { cause })
}
