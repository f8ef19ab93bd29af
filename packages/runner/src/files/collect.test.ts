import { describe, expect, it } from 'vitest'

import { decodeRecord, encodeRecord } from '../store/record.ts'
import { checkCollect, collectFields } from './collect.ts'
import { readCollected } from './collected.ts'

describe('checkCollect', () => {
  it('makes paths absolute', () => {
    expect(checkCollect(['out', './a/../b', '/x//y/', '../z'], '/tmp/work')).toEqual({
      paths: ['/tmp/work/out', '/tmp/work/b', '/x/y', '/tmp/z'],
      maxBytes: 1024 ** 3,
      timeoutMs: 60_000,
    })
    expect(checkCollect({ paths: ['a'], maxBytes: 5, timeoutMs: 6 }, '/')).toEqual({
      paths: ['/a'],
      maxBytes: 5,
      timeoutMs: 6,
    })
  })

  it('is null for nothing', () => {
    expect(checkCollect(undefined, '/')).toBeNull()
    expect(checkCollect([], '/')).toBeNull()
    expect(collectFields(null)).toEqual([])
  })

  it.each([
    ['out', /^collect: /],
    [null, /^collect: /],
    [{}, /^collect.paths: /],
    [{ paths: ['a'], maxBytes: 0 }, /^collect.maxBytes: /],
    [{ paths: ['a'], timeoutMs: 0.5 }, /^collect.timeoutMs: /],
    [{ paths: ['a'], most: 1 }, /^collect.most: /],
    [[''], /^collect.paths: /],
    [['/'], /^collect.paths: /],
    [['a\0'], /^collect.paths: /],
    [[1], /^collect.paths: /],
    [['a', '/a/'], /no path twice/],
    [['/a', '/a/b'], /none below another/],
    [Array.from({ length: 65 }, (_, index) => `/${index}`), /at most 64 paths/],
    [['a'.repeat(8193)], /of 8192 bytes in all/],
  ])('refuses %j', (collect, message) => {
    expect(() => checkCollect(collect, '/')).toThrow(message)
  })

  it('tells names that begin alike from folders', () => {
    expect(checkCollect(['/a', '/ab'], '/')?.paths).toEqual(['/a', '/ab'])
  })
})

describe('readCollected', () => {
  it('gives what became of each path', () => {
    const record = decodeRecord(
      encodeRecord([
        ['exited', 0],
        ['collected', '/a'],
        ['files', 2],
        ['bytes', 10],
        ['collected', '/b'],
        ['files', 0],
        ['bytes', 0],
        ['omitted', 1],
        ['omittederrno', 40],
        ['omittedpath', '/b/link'],
        ['read.cpu', 'x'],
      ]),
    )
    expect(readCollected(record)).toEqual([
      { path: '/a', files: 2, bytes: 10, omitted: null },
      {
        path: '/b',
        files: 0,
        bytes: 0,
        omitted: { count: 1, path: '/b/link', errno: 'ELOOP', reason: expect.stringContaining('symbolic link') },
      },
    ])
    expect(readCollected(decodeRecord(encodeRecord([['exited', 0]])))).toEqual([])
  })
})
