import { expect, test } from 'vitest'

import { whereOf } from './names.ts'

test.each([
  [['logs', ''], {}],
  [['logs', '--host', 'box:7411', ''], { host: 'box:7411' }],
  [['logs', '-f', '--storage-root=/r', '-n', '3', 'we'], { storageRoot: '/r' }],
  [['exec', '--context', 'box', 'web', '--', 'ls', '--host', 'x'], { context: 'box' }],
])('%j', (words, where) => expect(whereOf(words)).toEqual(where))
