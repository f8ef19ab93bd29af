import { type Label, opcodes, Program } from '../seccomp/bpf.ts'
import { type Cidr, contains, maskBytes, parseCidr } from './cidr.ts'

/** What a job may send. */
export interface FilterOptions {
  /** Where to; null: everywhere but `own` and link-local addresses. */
  allow: readonly Cidr[] | null
  /** The host's own addresses. */
  own: readonly Cidr[]
  /** Where the resolver is, if there is to be one. */
  resolver: readonly Cidr[]
  /** Ports of the job's that are published for TCP: answers go to whoever asks. */
  published: readonly number[]
}

const networks = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text)!)

/**
 * What no job reaches. Sent by a raw socket or one that is bound to the device, these would have pasta connect to the
 * host's loopback: 0.0.0.0 and :: are that to connect(2), and an IPv4 address in IPv6 is that address.
 */
export const unreachable: readonly Cidr[] = networks(
  ...['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/4', '255.255.255.255'],
  ...['::/96', '::ffff:0:0/96', 'ff00::/8'],
)

/** Where clouds tell a machine its secrets (169.254.169.254), and what is on the host's link alone. */
const linkLocal: readonly Cidr[] = networks('169.254.0.0/16', 'fe80::/10')

/** A word of the frame: what it is to be once it is masked. Frames are Ethernet's (IEEE 802.3): 14 bytes before IP's. */
interface Word {
  offset: number
  mask: number
  value: number
}

const etherType = (value: number): Word => ({ offset: 12, mask: 0xffff0000, value: value * 0x10000 })
const ipv4 = etherType(0x0800)
const arp = etherType(0x0806)
const ipv6 = etherType(0x86dd)

/** Where TCP begins, and what says that it does: in IPv4, a header without options. */
const tcp = {
  4: { start: 34, signs: [word(20, 0xff, 6), { ...ipv4, mask: 0xffffff00, value: 0x08004500 }] },
  6: { start: 54, signs: [word(20, 0xff000000, 6 * 0x1000000)] },
} as const

/** Neighbour discovery, which IPv6 does not work without; pasta answers it itself. Types 133 to 136 of ICMPv6 (RFC 4861). */
const discovery = [133, 134, 135, 136].map((type) => [
  word(20, 0xff000000, 58 * 0x1000000),
  word(54, 0xff000000, type * 0x1000000),
])

const destination = { 4: 30, 6: 38 } as const

/** The frame is passed on whole, or dropped. */
const pass = 0xffffffff
const drop = 0

/**
 * The filter of what a job sends, as the launcher takes it: struct sock_filter[], each 16 hexadecimal digits. Frames that
 * are neither ARP nor IP are dropped.
 */
export function networkFilter(options: FilterOptions): string {
  const program = new Program()
  const other = program.return(drop)
  const six = match(program, [ipv6], familyRules(program, 6, options), other)
  const four = match(program, [ipv4], familyRules(program, 4, options), six)
  match(program, [arp], program.return(pass), four)
  return Buffer.from(program.assemble()).toString('hex')
}

/** The rules in their order; the program is written from its end. */
function familyRules(program: Program, family: 4 | 6, { allow, own, resolver, published }: FilterOptions): Label {
  const restricted = [...own, ...linkLocal]
  const named = (allow ?? []).filter((network) => restricted.some((other) => contains(other, network)))
  const rules: [readonly Cidr[], number][] = [
    [resolver, pass],
    [named, pass],
    [restricted, drop],
    [allow ?? [], pass],
  ]
  let next = program.return(allow ? drop : pass)
  for (const [targets, verdict] of rules.toReversed()) {
    for (const network of targets) next = matchNetwork(program, family, network, verdict, next)
  }
  for (const port of published) next = matchAnswers(program, family, port, next)
  for (const network of unreachable) next = matchNetwork(program, family, network, drop, next)
  if (family === 6) for (const signs of discovery) next = match(program, signs, program.return(pass), next)
  return next
}

function matchNetwork(program: Program, family: 4 | 6, network: Cidr, verdict: number, next: Label): Label {
  return network.family === family ? match(program, words(network), program.return(verdict), next) : next
}

/** A network as words of a destination address. Those that may be anything are left out. */
function words(network: Cidr): Word[] {
  const mask = maskBytes(network)
  const starts = network.bytes.flatMap((_byte, index) => (index % 4 === 0 ? [index] : []))
  return starts
    .map((start) => word(destination[network.family] + start, big(mask, start), big(network.bytes, start)))
    .filter((each) => each.mask !== 0)
}

/** What TCP sends from a port, but for the first segment of a connection, with SYN (2) and without ACK (16). */
function matchAnswers(program: Program, family: 4 | 6, port: number, next: Label): Label {
  const { start, signs } = tcp[family]
  const answer = match(program, [word(start + 10, 0x12, 2)], next, program.return(pass))
  return match(program, [...signs, word(start, 0xffff0000, port * 0x10000)], answer, next)
}

/** Goes on at `hit` when all words are as they should be, else at `miss`. */
function match(program: Program, wanted: readonly Word[], hit: Label, miss: Label): Label {
  let next = hit
  for (const { offset, mask, value } of wanted.toReversed()) {
    next = program.branch(opcodes.jumpIfEqual, value, next, miss)
    if (mask !== 0xffffffff) program.and(mask)
    next = program.load(offset)
  }
  return next === hit ? program.goTo(hit) : next
}

function word(offset: number, mask: number, value: number): Word {
  return { offset, mask, value }
}

/** Four bytes as a number: most significant first, as they are sent. */
function big(bytes: readonly number[], start: number): number {
  return bytes.slice(start, start + 4).reduce((sum, byte) => sum * 256 + byte, 0)
}
