import net from 'node:net'

import type { Visitor } from './admission.ts'
import { ListenError } from './listen-error.ts'
import type { UnixListenerOptions } from './options.ts'
import { protocolOf } from './preface.ts'
import type { Room } from './room.ts'
import { listen, listenOnFile } from './socket-file.ts'

/** A listener that is open. */
export interface Listener {
  name: string
  /** Where it listens: paths, or addresses with their ports. */
  addresses: readonly string[]
  /** Accepts nothing more. */
  close(): Promise<void>
}

/** Opens a Unix socket, or takes the one that was handed over. */
export async function openUnix(options: UnixListenerOptions, handed: readonly number[], room: Room): Promise<Listener> {
  const name = options.name ?? 'unix'
  const servers = (handed.length === 0 ? [undefined] : handed).map((fd) => ({ fd, server: makeServer(room) }))
  const removers: (() => Promise<void>)[] = []
  for (const { fd, server } of servers) {
    if (fd === undefined) removers.push(await listenOnFile(server, options))
    else await listenOnHanded(server, fd, name)
    logErrors(server, room)
  }
  return {
    name,
    addresses: servers.map(({ fd }) => (fd === undefined ? options.path : `descriptor ${fd}`)),
    close: async () => {
      // Before the socket is closed: what connects meanwhile is told that nobody is there.
      for (const remove of removers) await remove()
      for (const { server } of servers) server.close()
    },
  }
}

async function listenOnHanded(server: net.Server, fd: number, name: string): Promise<void> {
  await listen(server, { fd }).catch((cause: Error) => {
    throw new ListenError(`cannot listen on the socket ${name} of systemd: ${cause.message}`, name, { cause })
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null || address.port === undefined) return
  server.close()
  throw new ListenError(`the socket ${name} of systemd is not a Unix socket: ListenStream= must be a path`, name)
}

function makeServer(room: Room): net.Server {
  // Nothing may be read until it is known who writes.
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true })
  server.on('connection', (socket) => void accept(socket, room))
  return server
}

/** Those of a single connection, such as EMFILE: no reason to end. */
export function logErrors(server: net.Server, { log }: Room): void {
  server.on('error', (error) => log.error({ err: error }, 'Cannot accept a connection'))
}

async function accept(socket: net.Socket, { admission, http, limits, peers, refusals }: Room): Promise<void> {
  socket.on('error', () => {})
  let from = 'a Unix socket'
  const visitor: Visitor = {
    peer: 'unix',
    drop: (reason) => {
      refusals.note(reason, from)
      socket.destroy()
    },
  }
  const refusal = admission.arrive(visitor)
  if (refusal) return visitor.drop(refusal)
  const timer = setTimeout(() => visitor.drop('timeout'), limits.handshakeTimeoutMs).unref()
  socket.once('close', () => {
    clearTimeout(timer)
    admission.leave(visitor)
  })
  try {
    const caller = await peers.peerOf(socket)
    from = `${caller.identity}, ${caller.from}`
    visitor.peer = caller.identity
    const protocol = await protocolOf(socket)
    clearTimeout(timer)
    const refusal = admission.establish(visitor)
    if (refusal) return visitor.drop(refusal)
    http.serve(socket, { caller, protocol })
  } catch (error) {
    // Whoever has gone by themselves is nobody's concern.
    if (!socket.destroyed && !socket.readableEnded) refusals.note('peer-unknown', from, (error as Error).message)
    socket.destroy()
  }
}
