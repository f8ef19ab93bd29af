import { InvalidOptionError } from '@corral/runner/errors'
import { expect, test } from 'vitest'

import { defaultHost, parseAddress } from './address.ts'

test.for([
  [defaultHost, { kind: 'unix', path: '/run/corral/corrald.sock', text: 'unix:///run/corral/corrald.sock' }],
  ['unix:/run/x', { kind: 'unix', path: '/run/x', text: 'unix:///run/x' }],
  ['https://build-box:7411', { kind: 'tcp', url: 'https://build-box:7411', text: 'https://build-box:7411' }],
  ['https://build-box', { kind: 'tcp', url: 'https://build-box', text: 'https://build-box' }],
  ['build-box:7411', { kind: 'tcp', url: 'https://build-box:7411', text: 'https://build-box:7411' }],
  ['[::1]:7411', { kind: 'tcp', url: 'https://[::1]:7411', text: 'https://[::1]:7411' }],
  ['http://127.0.0.1:8080', { kind: 'tcp', url: 'http://127.0.0.1:8080', text: 'http://127.0.0.1:8080' }],
  ['http://localhost:8080', { kind: 'tcp', url: 'http://localhost:8080', text: 'http://localhost:8080' }],
] as const)('%s leads somewhere', ([host, address]) => {
  expect(parseAddress(host)).toEqual(address)
})

test.for([
  '',
  7,
  undefined,
  'build-box',
  'unix://',
  'unix:relative',
  'unix:///a\0b',
  'http://build-box:80',
  'ftp://x:1',
  'https://user@x:1',
  'https://x:1/path',
  'https://x:1?query',
  'https://:1',
])('%j leads nowhere', (host) => {
  expect(() => parseAddress(host)).toThrow(InvalidOptionError)
})
