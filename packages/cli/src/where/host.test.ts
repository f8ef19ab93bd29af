import { expect, test } from 'vitest'

import { checkHost } from './host.ts'

test.each([
  ['unix:///run/x.sock', 'unix:///run/x.sock'],
  ['unix:/run/x.sock', 'unix:///run/x.sock'],
  ['/run/x.sock', 'unix:///run/x.sock'],
  ['https://box:7411', 'https://box:7411'],
  ['https://box:7411/', 'https://box:7411'],
  ['box:7411', 'https://box:7411'],
  ['[::1]:7411', 'https://[::1]:7411'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
])('%s is %s', (text, host) => expect(checkHost(text, '--host')).toBe(host))

test.each([
  ['unix:run/x.sock', /socket is absolute/],
  ['http://box:8080', /without TLS only this machine/],
  ['ftp://box', /no address of a daemon/],
  ['box', /'NAME:PORT'/],
  ['https://me@box:7411', /no address/],
  ['https://box:7411/path', /no address/],
  ['', /no address/],
])('%j is refused', (text, message) => expect(() => checkHost(text, '--host')).toThrow(message))
