import { describe, expect, it } from 'vitest'

import { contains, maskBytes, parseCidr } from './cidr.ts'

describe('parseCidr', () => {
  it.each([
    ['10.1.2.3', 4, [10, 1, 2, 3], 32],
    ['10.0.0.0/8', 4, [10, 0, 0, 0], 8],
    ['0.0.0.0/0', 4, [0, 0, 0, 0], 0],
    ['::/0', 6, Array(16).fill(0), 0],
    ['::1', 6, [...Array(15).fill(0), 1], 128],
    ['fd00:1:2::/48', 6, [0xfd, 0, 0, 1, 0, 2, ...Array(10).fill(0)], 48],
    ['1:2:3:4:5:6:7:8', 6, [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8], 128],
    ['::ffff:1.2.3.4', 6, [...Array(10).fill(0), 0xff, 0xff, 1, 2, 3, 4], 128],
  ])('reads %s', (text, family, bytes, prefix) => {
    expect(parseCidr(text)).toEqual({ family, bytes, prefix })
  })

  it.each([
    '',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0',
    'fe80::1%eth0',
    'fd00::1/64',
    '::/129',
    'host',
    '1::2::3',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

describe('maskBytes', () => {
  it.each([
    ['0.0.0.0/0', [0, 0, 0, 0]],
    ['10.0.0.0/9', [0xff, 0x80, 0, 0]],
    ['10.1.2.0/31', [0xff, 0xff, 0xff, 0xfe]],
  ])('is the one of %s', (text, mask) => {
    expect(maskBytes(parseCidr(text)!)).toEqual(mask)
  })
})

describe('contains', () => {
  it('compares networks of one family', () => {
    const has = (outer: string, inner: string) => contains(parseCidr(outer)!, parseCidr(inner)!)
    expect(has('10.0.0.0/8', '10.1.2.3')).toBe(true)
    expect(has('10.0.0.0/8', '10.0.0.0/8')).toBe(true)
    expect(has('10.0.0.0/9', '10.0.0.0/8')).toBe(false)
    expect(has('10.0.0.0/9', '10.128.0.0/16')).toBe(false)
    expect(has('0.0.0.0/0', '::1')).toBe(false)
  })
})
