import net from 'node:net'

import { ListenError } from './listen-error.ts'
import type { TlsListenerOptions } from './options.ts'
import type { Room } from './room.ts'
import { listen } from './socket-file.ts'
import { TlsGate, withPort } from './tls-gate.ts'
import { logErrors, type Listener } from './unix.ts'

/** A TLS listener, whose files can be read again. */
export interface TlsListener extends Listener {
  reload(): Promise<void>
}

/** Opens a TLS listener, or takes the sockets that were handed over. */
export async function openTls(
  options: TlsListenerOptions,
  handed: readonly number[],
  room: Room,
): Promise<TlsListener> {
  const name = options.name ?? 'tls'
  const gate = await TlsGate.open(options, room)
  const places = handed.length === 0 ? [{ host: options.host, port: options.port }] : handed.map((fd) => ({ fd }))
  const servers: net.Server[] = []
  const close = async (): Promise<void> => {
    for (const server of servers) server.close()
    gate.close()
  }
  try {
    for (const place of places) {
      const server = net.createServer((socket) => gate.accept(socket))
      servers.push(server)
      await listen(server, place)
      logErrors(server, room)
    }
    const addresses = servers.map((server) => addressOf(server, name))
    return { name, addresses, close, reload: () => gate.reload() }
  } catch (cause) {
    await close()
    if (cause instanceof ListenError) throw cause
    const where = handed.length === 0 ? withPort(options.host, options.port) : `the socket ${name} of systemd`
    throw new ListenError(`cannot listen on ${where}: ${(cause as Error).message}`, where, { cause })
  }
}

function addressOf(server: net.Server, name: string): string {
  const address = server.address()
  if (typeof address === 'object' && address?.port !== undefined) return withPort(address.address, address.port)
  throw new ListenError(`the socket ${name} of systemd is not one of TCP: ListenStream= must be a port`, name)
}
