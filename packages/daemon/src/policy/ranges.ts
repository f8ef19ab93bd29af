import { InvalidOptionError } from '@corral/runner/errors'

import { plainAddress } from './addresses.ts'

/** Whole numbers, both ends included. */
export interface IdRange {
  first: number
  last: number
}

/** Ports of one address of the host. */
export interface PortRange extends IdRange {
  address: string
}

/** Reads `'FIRST-LAST'`, or a single number. */
export function parseRange(option: string, text: string, max: number): IdRange {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text)
  const range = { first: Number(match?.[1]), last: Number(match?.[2] ?? match?.[1]) }
  if (match && range.first <= range.last && range.last <= max) return range
  throw new InvalidOptionError(option, text, `'FIRST-LAST', whole numbers up to ${max}`)
}

/** Whom a port is for when no address is given, as in the library. */
const loopback = '127.0.0.1'

/** Reads `'FIRST-LAST'` or `'ADDRESS:FIRST-LAST'`, an IPv6 address in brackets. */
export function parsePortRange(option: string, text: string): PortRange {
  const match = /^(?:(?:\[([^\]]*)\]|([^[\]:]*)):)?([\d-]+)$/.exec(text)
  const address = plainAddress(match?.[1] ?? match?.[2] ?? loopback)
  if (match && address) return { address, ...parseRange(option, match[3]!, 65535) }
  throw new InvalidOptionError(option, text, "'FIRST-LAST' or 'ADDRESS:FIRST-LAST', an IPv6 address in brackets")
}

/** The port of the host that an entry of a job's `ports` asks for; undefined: it is none that the library takes. */
export function publishedPort(entry: unknown): { address: string; port: number } | undefined {
  const match = /^(?:(?:(?:\[([^\]]*)\]|([^[\]:]*)):)?(\d{1,5}):)?(\d{1,5})(?:\/(?:tcp|udp))?$/.exec(String(entry))
  const address = plainAddress(match?.[1] ?? match?.[2] ?? loopback)
  return match && address ? { address, port: Number(match[3] ?? match[4]) } : undefined
}
