import { InvalidOptionError } from '@corral/runner/errors'

/** Where a daemon is. `text` is what errors call it. */
export type Address = { kind: 'unix'; path: string; text: string } | { kind: 'tcp'; url: string; text: string }

/** Where a daemon listens when nothing else was said. */
export const defaultHost = 'unix:///run/corral/corrald.sock'

const accepted = `'unix:///PATH', 'https://HOST:PORT' or 'HOST:PORT'; 'http://' for this machine only, as through a tunnel`

/** Reads the address of a daemon. */
export function parseAddress(host: unknown): Address {
  if (typeof host !== 'string' || host === '') throw new InvalidOptionError('host', host, accepted)
  if (host.startsWith('unix:')) return parseUnix(host)
  const url = parseUrl(host.includes('://') ? host : `https://${host}`)
  const isPlain = url?.protocol === 'http:' && isThisMachine(url.hostname)
  const isBare = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  if (!url || !isBare || !(url.protocol === 'https:' || isPlain)) throw new InvalidOptionError('host', host, accepted)
  if (!host.includes('://') && !/:\d+$/.test(host)) throw new InvalidOptionError('host', host, accepted)
  return { kind: 'tcp', url: url.origin, text: url.origin }
}

/** `unix:///run/x.sock` and `unix:/run/x.sock`. */
function parseUnix(host: string): Address {
  const path = host.replace(/^unix:(\/\/)?/, '')
  if (!path.startsWith('/') || path.includes('\0')) throw new InvalidOptionError('host', host, accepted)
  return { kind: 'unix', path, text: `unix://${path}` }
}

function parseUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined
}

/** What is sent to these leaves the machine no more than what is sent to a socket. */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
