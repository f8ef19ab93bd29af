import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeRecord } from '../store/record.ts'
import { encodeFrame, FrameSplitter } from './frame.ts'

describe('encodeFrame', () => {
  it('counts bytes, not characters', () => {
    const frame = encodeFrame([['key', 'ä€']])
    expect(frame.readUInt32LE()).toBe(frame.length - 4)
    expect(frame.subarray(4).toString()).toBe('key=ä€\0')
  })
})

describe('FrameSplitter', () => {
  it('finds the frames, however the stream is cut', () => {
    const values = fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')))
    fc.assert(
      fc.property(values, fc.array(fc.nat(40)), (given, cuts) => {
        const splitter = new FrameSplitter()
        const stream = Buffer.concat(given.map((value) => encodeFrame([['value', value]])))
        const found: Buffer[] = []
        let at = 0
        for (const cut of cuts)
          found.push(...splitter.push(stream.subarray(at, (at = Math.min(stream.length, at + cut)))))
        found.push(...splitter.push(stream.subarray(at)))
        expect(found.map((payload) => decodeRecord(payload).get('value'))).toEqual(given)
      }),
    )
  })
})
