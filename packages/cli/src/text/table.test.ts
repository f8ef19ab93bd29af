import { expect, test } from 'vitest'

import { formatTable, shorten } from './table.ts'

test('columns are as wide as their widest cell, and lines end where their text does', () => {
  const lines = formatTable(
    ['NAME', 'CPU', 'COMMAND'],
    [
      ['web', '1.5', 'sh'],
      ['longer', '100.0', ''],
    ],
    [1],
  )
  expect(lines).toEqual(['NAME      CPU  COMMAND', 'web       1.5  sh', 'longer  100.0'])
})

test('a text that is too long ends in an ellipsis', () => {
  expect(shorten('0123456789', 10)).toBe('0123456789')
  expect(shorten('0123456789a', 10)).toBe('012345678…')
})
