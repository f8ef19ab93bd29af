import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** A network: the bits of an address as one number, and how many of them are told. */
export interface Network {
  family: 4 | 6
  value: bigint
  prefix: number
}

/** Reads an address, or a network as `ADDRESS/PREFIX`; undefined when it is neither. */
export function parseNetwork(text: unknown): Network | undefined {
  const [, address = '', prefix] = (typeof text === 'string' && /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text)) || []
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined
  if (!family) return undefined
  const bits = family === 4 ? 32 : 128
  const network = { family, value: addressValue(address, family), prefix: Number(prefix ?? bits) } as const
  return network.prefix <= bits ? network : undefined
}

/** Whether all addresses of `inner` are in `outer`. */
export function holds(outer: Network, inner: Network): boolean {
  const rest = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix)
  return outer.family === inner.family && outer.prefix <= inner.prefix && outer.value >> rest === inner.value >> rest
}

/** An address in the one way that it is written in; undefined: it is none. */
export function plainAddress(address: string): string | undefined {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  return isIPv4(address) || isIPv6(address) ? new SocketAddress({ address, family }).address : undefined
}

function addressValue(address: string, family: 4 | 6): bigint {
  if (family === 4) return bytesValue(address)
  // The last two groups may be written as an IPv4 address.
  const [, before = address, four] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? []
  const last = four === undefined ? [] : [bytesValue(four) >> 16n, bytesValue(four) & 0xffffn]
  const [head = '', tail] = (four === undefined ? before : before.replace(/([^:]):$/, '$1')).split('::')
  const groups = (text = ''): bigint[] => text.split(':').flatMap((group) => (group === '' ? [] : BigInt(`0x${group}`)))
  const [first, end] = [groups(head), [...groups(tail), ...last]]
  const all = [...first, ...Array<bigint>(8 - first.length - end.length).fill(0n), ...end]
  return all.reduce((sum, group) => (sum << 16n) | group, 0n)
}

function bytesValue(address: string): bigint {
  return address.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
