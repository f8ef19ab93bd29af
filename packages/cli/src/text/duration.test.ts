import { describe, expect, test } from 'vitest'

import { formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['10', 10_000],
    ['0', 0],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  test.each(['', 'soon', '10 parsecs', '-1s', '1e3', '5S', 's', '1m30s', 'NaN'])('does not take %j', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

test.each([
  [0, '0ms'],
  [350, '350ms'],
  [2449, '2.4s'],
  [59_999, '59.9s'],
  [60_000, '1m'],
  [190_000, '3m 10s'],
  [7_500_000, '2h 5m'],
  [349_200_000, '4d 1h'],
])('formatDuration(%i) is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
