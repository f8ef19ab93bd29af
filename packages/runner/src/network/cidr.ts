import { isIPv4, isIPv6 } from 'node:net'

/** A network: the first `prefix` bits of an address, the others being 0. A single address has all of them. */
export interface Cidr {
  family: 4 | 6
  /** 4 or 16 of them. */
  bytes: readonly number[]
  prefix: number
}

/** Reads an address, or a network as `ADDRESS/PREFIX`; undefined when it is neither, or bits behind the prefix are set. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text)
  const bytes = match && addressBytes(match[1]!)
  if (!match || !bytes) return undefined
  const bits = bytes.length * 8
  const cidr: Cidr = { family: bits === 32 ? 4 : 6, bytes, prefix: Number(match[2] ?? bits) }
  if (cidr.prefix > bits) return undefined
  const masked = maskBytes(cidr)
  return bytes.every((byte, index) => (byte & ~masked[index]! & 0xff) === 0) ? cidr : undefined
}

/** The network's mask, byte by byte. */
export function maskBytes({ bytes, prefix }: Cidr): number[] {
  return bytes.map((_byte, index) => (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff)
}

/** Whether all addresses of `inner` are in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  const mask = maskBytes(outer)
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    outer.bytes.every((byte, index) => byte === (inner.bytes[index]! & mask[index]!))
  )
}

function addressBytes(address: string): number[] | undefined {
  if (isIPv4(address)) return address.split('.').map(Number)
  if (!isIPv6(address)) return undefined
  const [head = '', tail] = address.split('::')
  const first = groupBytes(head)
  const last = groupBytes(tail ?? '')
  return [...first, ...Array<number>(16 - first.length - last.length).fill(0), ...last]
}

/** The bytes of an IPv6 address's groups; the last of them may be written as an IPv4 address. */
function groupBytes(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 0xff]
  })
}
