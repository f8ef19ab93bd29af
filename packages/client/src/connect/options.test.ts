import { expect, test } from 'vitest'

import { checkOptions, type ConnectOptions } from './options.ts'

test('what is not said has its default', () => {
  expect(checkOptions({})).toEqual({
    address: { kind: 'unix', path: '/run/corral/corrald.sock', text: 'unix:///run/corral/corrald.sock' },
    tls: {},
    transport: undefined,
    timeoutMs: 60_000,
    reconnect: { minMs: 100, maxMs: 5_000, giveUpAfterMs: 60_000 },
    waitMs: 0,
    signal: undefined,
  })
  expect(checkOptions({ reconnect: { minMs: 9_000 } }).reconnect).toMatchObject({ minMs: 9_000, maxMs: 9_000 })
})

test.for([
  [{ hots: 'x' }, 'hots'],
  [{ timeoutMs: 0 }, 'timeoutMs'],
  [{ timeoutMs: Infinity }, 'timeoutMs'],
  [{ waitMs: -1 }, 'waitMs'],
  [{ waitMs: '1' }, 'waitMs'],
  [{ reconnect: { minMs: 0 } }, 'reconnect.minMs'],
  [{ reconnect: { minMs: 10, maxMs: 5 } }, 'reconnect.maxMs'],
  [{ reconnect: { often: 5 } }, 'often'],
  [{ tls: { cert: 'x' } }, 'tls'],
  [{ tls: { ca: '' } }, 'tls.ca'],
  [{ tls: { serverName: '' } }, 'tls.serverName'],
  [{ tls: 'x' }, 'tls'],
  [{ signal: {} }, 'signal'],
  [{ host: 'x:1', transport: {} }, 'transport'],
])('%j is refused', ([options, option]) => {
  expect(() => checkOptions(options as ConnectOptions)).toThrow(expect.objectContaining({ option }))
})
