import type { Change } from '@corral/runner'
import { expect, test } from 'vitest'

import { jsonOf, linesOf } from './diff.ts'

async function* list(...changes: Change[]): AsyncGenerator<Change> {
  yield* changes
}

const some = [
  { kind: 'modified', path: '/etc', type: 'directory' },
  { kind: 'added', path: '/etc/two\nlines', type: 'file' },
  { kind: 'deleted', path: '/etc/motd', type: 'file' },
] as const

test('prints a letter and a path a line', async () => {
  expect(await Array.fromAsync(linesOf(list(...some)))).toEqual(['C /etc\n', 'A "/etc/two\\nlines"\n', 'D /etc/motd\n'])
})

test('prints JSON as it comes', async () => {
  expect(JSON.parse((await Array.fromAsync(jsonOf(list(...some)))).join(''))).toEqual(some)
  expect((await Array.fromAsync(jsonOf(list()))).join('')).toBe('[]\n')
})
