import { describe, expect, it } from 'vitest'

import { checkFiles, putFields } from './put.ts'

describe('checkFiles', () => {
  it('takes text, bytes, and either with a mode', () => {
    const bytes = Uint8Array.of(0, 255)
    const checked = checkFiles({ 'a/b.txt': 'ä', c: bytes, d: { data: 'x', mode: 0o755 }, e: { data: bytes } })
    bytes.fill(7)
    expect(checked).toEqual([
      { path: 'a/b.txt', data: Buffer.from('ä'), mode: 0o644 },
      { path: 'c', data: Uint8Array.of(0, 255), mode: 0o644 },
      { path: 'd', data: Buffer.from('x'), mode: 0o755 },
      { path: 'e', data: Uint8Array.of(0, 255), mode: 0o644 },
    ])
    expect(checkFiles(undefined)).toEqual([])
  })

  it.each(['', '/a', 'a/', 'a//b', '.', './a', '..', 'a/../b', 'a\0', 'n'.repeat(256)])(
    'refuses the path %j',
    (path) => {
      expect(() => checkFiles({ [path]: '' })).toThrow(/^files: received .*relative to the job's private folder/)
    },
  )

  it.each([null, 1, {}, { data: 1 }, { mode: 0o644 }])('refuses the content %j', (file) => {
    expect(() => checkFiles({ a: file })).toThrow(/^files\[a\]: received/)
  })

  it.each([-1, 0o1000, 0o4755, 1.5, '755'])('refuses the mode %j', (mode) => {
    expect(() => checkFiles({ a: { data: '', mode } })).toThrow(/^files\[a\].mode: received/)
  })

  it('refuses more than 1 MiB in all', () => {
    const half = Buffer.alloc(512 * 1024)
    expect(checkFiles({ a: half, b: half.subarray(2) })).toHaveLength(2)
    expect(() => checkFiles({ a: half, b: half })).toThrow(/received '1048578 bytes'; accepted: at most 1048576 bytes/)
  })

  it('refuses a file below another', () => {
    expect(() => checkFiles({ 'a/b': '', 'a/b/c/d': '' })).toThrow(/no path below a\/b/)
    expect(checkFiles({ 'a/b': '', 'a/bc': '' })).toHaveLength(2)
  })
})

describe('putFields', () => {
  it('is a list for init', () => {
    expect(putFields('/tmp/work', checkFiles({ a: 'xy' }))).toEqual([
      ['files', '/tmp/work'],
      ['putfile', 'a'],
      ['putmode', 0o644],
      ['putdata', '7879'],
    ])
    expect(putFields('/tmp/work', [])).toEqual([])
  })
})
