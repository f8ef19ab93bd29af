import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { readCredentials } from './credentials.ts'

/** How long a daemon may take to answer the door, in milliseconds. */
const patienceMs = 10_000

/** What became of an attempt to connect. */
export interface Dial {
  /** It came about, as far as we could see. */
  isOpen: boolean
  /** The daemon has said something on it. */
  isHeard: boolean
  error: Error | undefined
}

/** Begins to connect; what comes of it is noted in `dial`. */
export function openSocket(address: Address, tls: TlsOptions, dial: Dial): Socket {
  const isPlain = address.kind === 'unix' || address.url.startsWith('http:')
  const socket = isPlain ? connectSocket(endpointOf(address)) : openTls(address, tls)
  const timer = setTimeout(() => socket.destroy(timedOut()), patienceMs)
  socket.once(isPlain ? 'connect' : 'secureConnect', () => {
    dial.isOpen = true
    clearTimeout(timer)
  })
  socket.once('error', (error) => (dial.error = error))
  socket.once('close', () => clearTimeout(timer))
  return socket
}

function openTls(address: Address, tls: TlsOptions): Socket {
  const { host, port } = endpointOf(address)
  const name = tls.serverName ?? (isIpAddress(host!) ? undefined : host)
  return connectTls({
    host: host!,
    port: port!,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
    ...(name !== undefined && { servername: name }),
    ...readCredentials(tls),
  })
}

function endpointOf(address: Address): { path: string; host?: string; port?: number } {
  if (address.kind === 'unix') return { path: address.path }
  const { hostname, port, protocol } = new URL(address.url)
  const standard = protocol === 'https:' ? 443 : 80
  // A path would be taken for that of a socket.
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standard : Number(port) } as ReturnType<
    typeof endpointOf
  >
}

/** There is no server name for an address (RFC 6066, section 3). */
function isIpAddress(host: string): boolean {
  return host.includes(':') || /^\d+(\.\d+){3}$/.test(host)
}

function timedOut(): Error {
  return Object.assign(new Error(`nothing was heard within ${patienceMs / 1000} s`), { code: 'ETIMEDOUT' })
}
