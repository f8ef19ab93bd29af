import { expect, test } from 'vitest'

import { formatBytes, parseBytes } from './bytes.ts'

test.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1K'],
  [1_572_864, '1.5M'],
  [67_108_864, '64M'],
  [104_857_600, '100M'],
  [5 * 1024 ** 4, '5T'],
])('formatBytes(%i) is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  ['64M', 67_108_864],
  ['1g', 1024 ** 3],
  ['4096', 4096],
  [4096, 4096],
  ['max', undefined],
  [undefined, undefined],
])('parseBytes(%j) is %j', (limit, bytes) => expect(parseBytes(limit)).toBe(bytes))
