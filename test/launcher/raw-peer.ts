import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'

/** The fields of a frame, as they are sent and as they come. */
export type Fields = readonly (readonly [key: string, value: string | number])[]

/** Encodes fields as the payload of a frame. */
export function payloadOf(fields: Fields): Buffer {
  return Buffer.from(fields.map(([key, value]) => `${key}=${value}\0`).join(''))
}

/** Puts a frame's header, the length of what follows, before a payload. */
export function frameOf(payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(payload.length)
  return Buffer.concat([header, payload])
}

/** A peer of the launcher's that says whatever a test wants it to: the protocol from the outside, without the library. */
export class RawPeer implements AsyncDisposable {
  readonly socket: Socket
  /** Resolves when the launcher, or this side, has ended the connection. */
  readonly closed: Promise<void>
  readonly #received: Record<string, string>[] = []
  #bytes = Buffer.alloc(0)
  #isOpen = true
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isOpen = false
        this.#wake()
        resolve()
      })
    })
  }

  /** Connects to the launcher of a storage root; with `hello` it introduces itself. */
  static async connect(storageRoot: string, { hello = true } = {}): Promise<RawPeer> {
    const socket = connect(join(storageRoot, 'launcher.sock'))
    await once(socket, 'connect')
    const peer = new RawPeer(socket)
    if (hello) await peer.request('hello', [['version', 3]])
    return peer
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  /** Sends a request and gives its reply. */
  async request(type: string, fields: Fields = [], id = '1'): Promise<Record<string, string>> {
    this.send(frameOf(payloadOf([['type', type], ['id', id], ...fields])))
    return this.reply()
  }

  /** The next message that is no event. */
  async reply(): Promise<Record<string, string>> {
    for (;;) {
      const message = this.#received.shift()
      if (message && message['type'] !== 'event') return message
      if (message) continue
      if (!this.#isOpen) throw new Error('the launcher has closed the connection')
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32LE()) {
      const end = 4 + this.#bytes.readUInt32LE()
      const fields = this.#bytes
        .subarray(4, end - 1)
        .toString()
        .split('\0')
      // Of a key that comes more than once, the first value.
      const entries = fields.map(
        (field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const,
      )
      this.#received.push(Object.fromEntries(entries.reverse()))
      this.#bytes = this.#bytes.subarray(end)
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
