import { expect, test } from 'vitest'

import { type KeyPath, lineOf } from './locate.ts'

const text = `# a comment = 1
top = "a # b"
'quoted'.key = 1

[server] # [not.this]
port = 5.5
text = """
port = 7
[server]
"""
list = [
  1, # one
  { a = 1,
    b = [true] },
]

[[identity]]
match = "x"
[identity.quota]
jobs = 1
[[identity]]
"match" = 'y'
quota.jobs = 2
`

test.for<[KeyPath, number]>([
  [['top'], 2],
  [['quoted'], 3],
  [['quoted', 'key'], 3],
  [['server'], 5],
  [['server', 'port'], 6],
  [['server', 'text'], 7],
  [['server', 'list', 0], 12],
  [['server', 'list', 1, 'b', 0], 14],
  [['identity'], 17],
  [['identity', 0, 'match'], 18],
  [['identity', 0, 'quota', 'jobs'], 20],
  [['identity', 1], 21],
  [['identity', 1, 'match'], 22],
  [['identity', 1, 'quota', 'jobs'], 23],
])('the key %j is on line %i', ([path, line]) => {
  expect(lineOf(text, path)).toBe(line)
})

test('what is not there is where it would be part of', () => {
  expect(lineOf(text, ['server', 'host'])).toBe(5)
  expect(lineOf(text, ['identity', 1, 'role'])).toBe(21)
  expect(lineOf(text, ['nothing'])).toBe(1)
})
