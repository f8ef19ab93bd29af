import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { elementAt, integerText, timeOf } from './der.ts'
import { encodePem } from './pem.ts'
import { readRevocationLists } from './revocation-list.ts'

/** An element of DER. */
function element(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const time = (text: string): Buffer => element(text.length === 13 ? 0x17 : 0x18, Buffer.from(text))

describe('an element', () => {
  test('has its length in one byte, or in several', () => {
    for (const length of [0, 1, 127, 128, 70_000]) {
      const der = element(0x04, Buffer.alloc(length))
      expect(elementAt(der, 0)).toMatchObject({ tag: 0x04, end: der.length })
    }
  })

  test('that is cut off is refused', () => {
    for (const bytes of [[], [0x30], [0x30, 5, 0], [0x30, 0x80, 0], [0x30, 0x82, 1], [0x30, 0x85, 0, 0, 0, 0, 0]]) {
      expect(() => elementAt(Buffer.from(bytes), 0)).toThrow('its DER cannot be read at byte 0')
    }
  })

  test('that is a number is the same whatever zeros it begins with', () => {
    const texts = [[0x80], [0, 0x80]].map((bytes) => {
      const der = element(0x02, Buffer.from(bytes))
      return integerText(der, elementAt(der, 0))
    })
    expect(texts[0]).toBe(texts[1])
  })

  test('that is a time is of this century until 2050', () => {
    const times = ['261125030405Z', '500101000000Z', '20611125030405Z'].map((text) => {
      const der = time(text)
      return timeOf(der, elementAt(der, 0)).toISOString()
    })
    expect(times).toEqual(['2026-11-25T03:04:05.000Z', '1950-01-01T00:00:00.000Z', '2061-11-25T03:04:05.000Z'])
  })
})

test('what is no list is refused, and nothing hangs', () => {
  assert(
    property(uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      try {
        readRevocationLists(encodePem('X509 CRL', bytes))
      } catch (error) {
        expect((error as Error).message).toMatch(/DER|list/)
      }
    }),
  )
})

test('a list of 200,000 is read', () => {
  const issuer = element(0x30, Buffer.alloc(0))
  const serials = Array.from({ length: 200_000 }, (_, index) => {
    const serial = Buffer.alloc(8)
    serial.writeUInt32BE(0x40_000_000)
    serial.writeUInt32BE(index, 4)
    return element(0x30, Buffer.concat([element(0x02, serial), time('261125030405Z')]))
  })
  const revoked = element(0x30, Buffer.concat(serials))
  const parts = [element(0x02, Buffer.from([1])), element(0x30, Buffer.alloc(0)), issuer, time('261125030405Z')]
  const signed = element(0x30, Buffer.concat([...parts, time('271125030405Z'), revoked]))
  const text = encodePem('X509 CRL', element(0x30, signed))
  const list = readRevocationLists(text)
  expect(list.nextUpdate?.toISOString()).toBe('2027-11-25T03:04:05.000Z')
  const certificate = (index: number): Buffer => {
    const serial = Buffer.alloc(8)
    serial.writeUInt32BE(0x40_000_000)
    serial.writeUInt32BE(index, 4)
    const tbs = [element(0x02, serial), element(0x30, Buffer.alloc(0)), issuer]
    return element(0x30, element(0x30, Buffer.concat(tbs)))
  }
  expect([certificate(199_999), certificate(200_000)].map((each) => list.revokes(each))).toEqual([true, false])
})
