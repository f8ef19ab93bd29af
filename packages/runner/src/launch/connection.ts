import { connect, type Socket } from 'node:net'

import { CorralError } from '../errors/corral-error.ts'
import { decodeRecord, type Field, type FieldList } from '../store/record.ts'
import { encodeFrame, FrameSplitter, maxPayloadBytes } from './frame.ts'

interface Pending {
  /** Called at once, before the next message is looked at. */
  onReply: ((reply: FieldList) => void) | undefined
  resolve: (reply: FieldList) => void
  reject: (error: Error) => void
}

/** The connection was lost while a request was under way: what became of it is to be found out on disk. */
export class Disconnected extends Error {}

/** A connection to the launcher: requests with their replies, and events. It keeps the process alive only while held. */
export class LauncherConnection {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter()
  readonly #pending = new Map<string, Pending>()
  readonly #onEvent: (event: FieldList) => void
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
  #open = true
  #refusal: CorralError | undefined
  #lastId = 0
  #holds = 0

  private constructor(socket: Socket, onEvent: (event: FieldList) => void) {
    this.#socket = socket
    this.#onEvent = onEvent
    socket.unref()
    socket.on('data', (bytes: Buffer) => {
      for (const payload of this.#splitter.push(bytes)) this.#take(decodeRecord(payload))
    })
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#open = false
        for (const { reject } of this.#pending.values()) reject(new Disconnected('the launcher went away'))
        this.#pending.clear()
        resolve()
      })
    })
  }

  /** Connects; rejects with the socket's error when nobody listens. */
  static async open(path: string, onEvent: (event: FieldList) => void): Promise<LauncherConnection> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new LauncherConnection(socket, onEvent)
  }

  get open(): boolean {
    return this.#open
  }

  /**
   * Sends a request and gives its reply, be it an `error`. Rejects with `Disconnected` when the connection is lost.
   * The promise resolves only after all else that came in one piece with the reply; `onReply` keeps to the order. `bulk`:
   * more fields, encoded.
   */
  async request(
    type: string,
    fields: readonly Field[] = [],
    { onReply, bulk }: { onReply?: (reply: FieldList) => void; bulk?: string } = {},
  ): Promise<FieldList> {
    if (this.#refusal) throw this.#refusal
    if (!this.#open) throw new Disconnected('the launcher went away')
    const id = String(++this.#lastId)
    const frame = encodeFrame([['type', type], ['id', id], ...fields], bulk)
    if (frame.length > maxPayloadBytes) {
      const message = `the command, its environment and its limits take ${frame.length} bytes; accepted: ${maxPayloadBytes}`
      throw new CorralError('START_FAILED', message, { errno: 'E2BIG' })
    }
    this.hold()
    try {
      return await new Promise<FieldList>((resolve, reject) => {
        this.#pending.set(id, { onReply, resolve, reject })
        this.#socket.write(frame)
      })
    } finally {
      this.#pending.delete(id)
      this.release()
    }
  }

  /** Keeps the process alive until as many releases. */
  hold(): void {
    if (this.#holds++ === 0) this.#socket.ref()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.unref()
  }

  /** Ends the connection and waits until it is gone. */
  async close(): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }

  #take(message: FieldList): void {
    if (message.get('type') === 'event') return this.#onEvent(message)
    if (message.get('type') === 'error' && message.get('id') === '0') return this.#refuse(message.get('message') ?? '')
    const pending = this.#pending.get(message.get('id') ?? '')
    pending?.onReply?.(message)
    pending?.resolve(message)
  }

  /** The launcher answers no request but the connection: it does not speak with this process. */
  #refuse(why: string): void {
    this.#refusal = new CorralError('LAUNCHER_UNAVAILABLE', `the launcher refuses this process: ${why}`)
    for (const { reject } of this.#pending.values()) reject(this.#refusal)
  }
}
