import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { readCredentials } from './credentials.ts'

/** How long a daemon may take to answer the door, in milliseconds. */
const patienceMs = 10_000

/** Begins to connect. */
export function openSocket(address: Address, tls: TlsOptions): Socket {
  const isPlain = address.kind === 'unix' || address.url.startsWith('http:')
  const socket = isPlain ? connectSocket(endpointOf(address)) : openTls(address, tls)
  const timer = setTimeout(() => socket.destroy(timedOut()), patienceMs)
  for (const event of [isPlain ? 'connect' : 'secureConnect', 'close']) socket.once(event, () => clearTimeout(timer))
  return socket
}

function openTls(address: Address, tls: TlsOptions): Socket {
  const endpoint = endpointOf(address)
  const name = tls.serverName ?? ('host' in endpoint && !isIpAddress(endpoint.host) ? endpoint.host : undefined)
  return connectTls({
    ...endpoint,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
    ...(name !== undefined && { servername: name }),
    ...readCredentials(tls),
  })
}

function endpointOf(address: Address): { path: string } | { host: string; port: number } {
  if (address.kind === 'unix') return { path: address.path }
  const { hostname, port, protocol } = new URL(address.url)
  const standard = protocol === 'https:' ? 443 : 80
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standard : Number(port) }
}

/** There is no server name for an address (RFC 6066, section 3). */
function isIpAddress(host: string): boolean {
  return host.includes(':') || /^\d+(\.\d+){3}$/.test(host)
}

function timedOut(): Error {
  return Object.assign(new Error(`nothing was heard within ${patienceMs / 1000} s`), { code: 'ETIMEDOUT' })
}
