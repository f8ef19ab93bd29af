import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeRecord, encodeRecord } from './record.ts'

const key = fc.stringMatching(/^[a-z][a-z.]{0,8}$/)
const value = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))

describe('records', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (fields) => {
        const record = decodeRecord(encodeRecord(fields))
        for (const [name] of fields)
          expect(record.all(name)).toEqual(fields.filter((field) => field[0] === name).map(([, v]) => v))
      }),
    )
  })

  it('pass over a last field that was not finished', () => {
    const bytes = encodeRecord([
      ['a', 1],
      ['b', 'x=y\nz'],
    ])
    expect(decodeRecord(bytes).get('b')).toBe('x=y\nz')
    expect(decodeRecord(bytes.subarray(0, -1)).get('b')).toBeUndefined()
    expect(decodeRecord(Buffer.from('nonsense\0=x\0a=1\0')).all('a')).toEqual(['1'])
  })

  it('give numbers only where there are some', () => {
    const record = decodeRecord(
      encodeRecord([
        ['n', 5],
        ['big', '123456789012345678901'],
        ['text', 'five'],
        ['none', ''],
      ]),
    )
    expect(['n', 'text', 'none', 'missing'].map((name) => record.number(name))).toEqual([
      5,
      undefined,
      undefined,
      undefined,
    ])
    expect([record.bigint('big'), record.bigint('text')]).toEqual([123456789012345678901n, undefined])
  })

  it('group keys by their prefix', () => {
    expect(
      decodeRecord(
        encodeRecord([
          ['read.a', 'x'],
          ['reader', 'y'],
        ]),
      ).startingWith('read.'),
    ).toEqual({ a: 'x' })
  })
})
