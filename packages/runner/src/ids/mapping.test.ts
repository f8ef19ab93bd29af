import { describe, expect, it } from 'vitest'

import { clip, hasId, longestRun, mapAround, translate } from './mapping.ts'

const range = { first: 100_000, count: 65_536 }

describe('mapAround', () => {
  it('has the own id be itself, and the rest those of the range', () => {
    expect(mapAround(1000, [range])).toEqual([
      { inside: 0, outside: 100_000, size: 1000 },
      { inside: 1000, outside: 1000, size: 1 },
      { inside: 1001, outside: 101_000, size: 64_535 },
    ])
  })

  it('needs no gap for an own id that is out of the way', () => {
    expect(mapAround(70_000, [range])).toEqual([
      { inside: 0, outside: 100_000, size: 65_536 },
      { inside: 70_000, outside: 70_000, size: 1 },
    ])
    expect(mapAround(0, [range])[0]).toEqual({ inside: 0, outside: 0, size: 1 })
  })

  it('is cut to what there is, of several ranges', () => {
    const ranges = [
      { first: 5000, count: 2 },
      { first: 9000, count: 3 },
    ]
    expect(mapAround(3, ranges)).toEqual([
      { inside: 0, outside: 5000, size: 2 },
      { inside: 2, outside: 9000, size: 1 },
      { inside: 3, outside: 3, size: 1 },
      { inside: 4, outside: 9001, size: 2 },
    ])
    expect(mapAround(3, [])).toEqual([{ inside: 3, outside: 3, size: 1 }])
  })
})

describe('hasId', () => {
  it('knows both ends', () => {
    const maps = mapAround(1000, [range])
    expect([0, 999, 1000, 1001, 65_535].every((id) => hasId(maps, id))).toBe(true)
    expect([-1, 65_536, 100_000].some((id) => hasId(maps, id))).toBe(false)
  })
})

describe('longestRun', () => {
  it('goes around root and the own id', () => {
    expect(longestRun(mapAround(1000, [range]), [1000])).toEqual({ first: 1001, count: 64_535 })
    expect(longestRun(mapAround(60_000, [range]), [60_000])).toEqual({ first: 1, count: 59_999 })
  })

  it('joins what lies side by side, and may be none', () => {
    const maps = [
      { inside: 1, outside: 500, size: 4 },
      { inside: 5, outside: 900, size: 5 },
    ]
    expect(longestRun(maps, [])).toEqual({ first: 1, count: 9 })
    expect(longestRun([{ inside: 0, outside: 7, size: 1 }], [])).toBeUndefined()
  })
})

describe('clip', () => {
  it('keeps what is known', () => {
    expect(clip([range], [{ first: 0, count: 4_294_967_295 }])).toEqual([range])
    expect(
      clip(
        [range],
        [
          { first: 0, count: 100_010 },
          { first: 100_020, count: 5 },
        ],
      ),
    ).toEqual([
      { first: 100_000, count: 10 },
      { first: 100_020, count: 5 },
    ])
    expect(clip([range], [{ first: 0, count: 65_536 }])).toEqual([])
  })
})

describe('translate', () => {
  const below = mapAround(1000, [range])

  it('says what the outer ids are called below', () => {
    expect(translate([{ inside: 0, outside: 1000, size: 1 }], below)).toEqual([{ inside: 0, outside: 1000, size: 1 }])
    expect(translate([{ inside: 0, outside: 100_990, size: 20 }], below)).toEqual([
      { inside: 0, outside: 990, size: 10 },
      { inside: 10, outside: 1001, size: 10 },
    ])
  })

  it('is none for an id that is not known', () => {
    expect(translate([{ inside: 0, outside: 999, size: 2 }], below)).toBeUndefined()
    expect(translate([{ inside: 0, outside: 165_534, size: 2 }], below)).toBeUndefined()
  })
})
