import { isIPv6 } from 'node:net'

import { describe, expect, it } from 'vitest'

import { parseCidr } from './cidr.ts'
import { type FilterOptions, networkFilter } from './filter.ts'

const cidrs = (...texts: string[]) => texts.map((text) => parseCidr(text)!)

const nothing: FilterOptions = { allow: null, own: [], resolver: [], published: [] }

/** What a filter says of a frame: whether it passes. The kernel's machine, as far as these filters use it. */
function passes(options: Partial<FilterOptions>, frame: Uint8Array): boolean {
  const program = Buffer.from(networkFilter({ ...nothing, ...options }), 'hex')
  const view = new DataView(frame.buffer)
  let word = 0
  for (let at = 0; ; at++) {
    const [code, yes, no, operand] = [
      program.readUInt16LE(at * 8),
      program[at * 8 + 2]!,
      program[at * 8 + 3]!,
      program.readUInt32LE(at * 8 + 4),
    ]
    if (code === 0x06) return operand !== 0
    else if (code === 0x05) at += operand
    else if (code === 0x15) at += word === operand ? yes : no
    else if (code === 0x54) word = (word & operand) >>> 0
    else if (code !== 0x20) throw new Error(`opcode ${code}`)
    else if (operand + 4 > frame.length) return false
    else word = view.getUint32(operand)
  }
}

interface Packet {
  protocol?: number
  /** Source port, or the type of an ICMPv6 message. */
  port?: number
  tcpFlags?: number
  options?: number
}

function frame(type: number, size = 100): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint16(12, type)
  return bytes
}

function packet(to: string, { protocol = 17, port = 1000, tcpFlags = 0, options = 0 }: Packet = {}): Uint8Array {
  const isSix = isIPv6(to)
  const bytes = frame(isSix ? 0x86dd : 0x0800)
  const view = new DataView(bytes.buffer)
  bytes.set([isSix ? 0x60 : 0x45 + options], 14)
  bytes.set([protocol], isSix ? 20 : 23)
  bytes.set(parseCidr(to)!.bytes, isSix ? 38 : 30)
  const start = isSix ? 54 : 34 + options * 4
  if (protocol === 58) bytes.set([port], start)
  else view.setUint16(start, port)
  if (protocol === 6) bytes.set([tcpFlags], start + 13)
  return bytes
}

describe('networkFilter', () => {
  it.each(['1.1.1.1', '10.0.0.1', '192.168.1.1', '2606:4700::1', 'fd00::1'])('lets a job send to %s', (to) => {
    expect(passes({}, packet(to))).toBe(true)
  })

  it.each([
    ...['0.0.0.0', '127.0.0.1', '127.255.0.1', '224.0.0.251', '255.255.255.255'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', 'ff02::fb'],
  ])('lets no job send to %s', (to) => {
    expect(passes({}, packet(to))).toBe(false)
    expect(passes({ allow: cidrs('0.0.0.0/0', '::/0') }, packet(to))).toBe(false)
    expect(passes({ published: [80] }, packet(to, { protocol: 6, port: 80, tcpFlags: 0x10 }))).toBe(false)
  })

  it.each([
    ['169.254.169.254', '169.254.0.0/16'],
    ['169.254.169.254', '169.254.169.254'],
    ['fe80::1', 'fe80::/64'],
    ['192.168.1.5', '192.168.1.5'],
    ['fd00::5', 'fd00::5'],
  ])('lets a job send to %s only if %s is allowed', (to, allowed) => {
    const own = cidrs('127.0.0.1', '192.168.1.5', 'fd00::5')
    expect(passes({ own }, packet(to))).toBe(false)
    expect(passes({ own, allow: cidrs('0.0.0.0/0', '::/0', '192.168.1.0/24', 'fd00::/64') }, packet(to))).toBe(false)
    expect(passes({ own, allow: cidrs(allowed) }, packet(to))).toBe(true)
  })

  it('lets a job send to what is allowed and nothing else', () => {
    const allow = cidrs('10.1.0.0/16', '10.2.3.4', 'fd00:1::/33', 'fd00:2::7')
    const may = (to: string) => passes({ allow }, packet(to))
    for (const to of ['10.1.0.0', '10.1.255.255', '10.2.3.4', 'fd00:1:7fff::1', 'fd00:2::7']) expect(may(to)).toBe(true)
    for (const to of ['10.0.255.255', '10.2.0.0', '10.2.3.5', 'fd00:1:8000::1', 'fd00:2::8'])
      expect(may(to)).toBe(false)
    expect(passes({ allow: [] }, packet('10.1.0.0'))).toBe(false)
    expect(passes({ allow: cidrs('0.0.0.0/0') }, packet('10.1.0.0'))).toBe(true)
    expect(passes({ allow: cidrs('0.0.0.0/0') }, packet('fd00::1'))).toBe(false)
  })

  it('lets a job ask its resolver', () => {
    expect(passes({ allow: [], resolver: cidrs('10.0.2.3') }, packet('10.0.2.3'))).toBe(true)
  })

  it.each(['10.9.9.9', 'fd00::9'])('lets a job answer %s from a published port, and no more', (to) => {
    const options = { allow: [], published: [443, 80] }
    const may = (sent: Packet) => passes(options, packet(to, { protocol: 6, port: 80, ...sent }))
    for (const tcpFlags of [0x10, 0x12, 0x11, 0x04, 0x18]) expect(may({ tcpFlags })).toBe(true)
    expect(may({ tcpFlags: 0x10, port: 443 })).toBe(true)
    for (const tcpFlags of [0x02, 0xc2, 0x0a]) expect(may({ tcpFlags })).toBe(false)
    expect(may({ tcpFlags: 0x10, port: 81 })).toBe(false)
    expect(may({ protocol: 17 })).toBe(false)
    if (!isIPv6(to)) expect(may({ tcpFlags: 0x10, options: 1 })).toBe(false)
  })

  it('lets neighbours be found, and nothing pass that is neither ARP nor IP', () => {
    for (const port of [133, 134, 135, 136])
      expect(passes({ allow: [] }, packet('ff02::1', { protocol: 58, port }))).toBe(true)
    for (const port of [128, 143]) expect(passes({}, packet('ff02::1', { protocol: 58, port }))).toBe(false)
    expect(passes({ allow: [] }, frame(0x0806, 42))).toBe(true)
    for (const type of [0x8100, 0x88a8, 0x8847, 0]) expect(passes({}, frame(type))).toBe(false)
    expect(passes({}, frame(0x0800, 20))).toBe(false)
  })

  it('is right however long it is', () => {
    const allow = cidrs(...Array.from({ length: 100 }, (_each, index) => `fd00:${index}::${index}`), '10.7.0.0/16')
    const own = cidrs(...Array.from({ length: 200 }, (_each, index) => `10.7.0.${index}`))
    for (const index of [0, 50, 99]) {
      expect(passes({ allow, own }, packet(`fd00:${index}::${index}`))).toBe(true)
      expect(passes({ allow, own }, packet(`fd00:${index}::${index + 1}`))).toBe(false)
      expect(passes({ allow, own }, packet(`10.7.0.${index}`))).toBe(false)
    }
    expect(passes({ allow, own }, packet('10.7.0.201'))).toBe(true)
    expect(passes({ allow, own }, frame(0x0806, 42))).toBe(true)
  })
})
