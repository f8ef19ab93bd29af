import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How much a connection lets through, in bytes, before it is cut off; undefined: all. */
export interface Cut {
  /** Of what the daemon says. */
  down?: number
  /** Of what the client says. */
  up?: number
}

/** Stands between a client and a daemon's socket, and cuts connections off. */
export class CuttingProxy implements AsyncDisposable {
  /** Asked at each new connection where to cut it off; undefined: nowhere. */
  nextCut: () => Cut | undefined = () => undefined
  /** What the daemon has said on all connections, in bytes. */
  down = 0
  connections = 0
  /** Nothing is passed on, and nothing is cut off either. */
  isStalled = false
  readonly #at: string | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(at: string | undefined, server: Server) {
    this.#at = at
    this.#server = server
  }

  /** Where it listens. */
  get host(): string {
    const address = this.#server.address()
    return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : `unix://${this.#at}`
  }

  /** Listens at a path, or else on a port of this machine's; what comes there goes to the socket `target`. */
  static async open(at: string | undefined, target: string): Promise<CuttingProxy> {
    const server = createServer((socket) => proxy.#join(socket, connect(target)))
    const proxy = new CuttingProxy(at, server)
    await proxy.listen()
    return proxy
  }

  async listen(): Promise<void> {
    if (this.#at === undefined) this.#server.listen(0, '127.0.0.1')
    else this.#server.listen(this.#at)
    await once(this.#server, 'listening')
  }

  /** Accepts nothing more, and cuts everything off. */
  async shut(): Promise<void> {
    this.#server.close()
    this.cutAll()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shut()
  }

  #join(client: Socket, daemon: Socket): void {
    this.connections++
    const cut = this.nextCut()
    const end = (): void => {
      client.destroy()
      daemon.destroy()
    }
    for (const socket of [client, daemon]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    this.#pass(client, daemon, cut?.up ?? Infinity, end)
    this.#pass(daemon, client, cut?.down ?? Infinity, end, (bytes) => (this.down += bytes))
  }

  /** Passes on at most so many bytes, no faster than they are taken. */
  #pass(from: Socket, to: Socket, most: number, end: () => void, count: (bytes: number) => void = () => {}): void {
    let left = most
    from.on('data', (data: Buffer) => {
      if (this.isStalled) return
      const part = data.subarray(0, left)
      left -= part.length
      count(part.length)
      if (!to.write(part)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      // What was passed on is to arrive before the end does.
      if (left === 0) to.end(end)
    })
  }
}
