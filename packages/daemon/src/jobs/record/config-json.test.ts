import { expect, test } from 'vitest'

import { decodeConfig, encodeConfig } from './config-json.ts'

test('a configuration comes back as it was', () => {
  const config = {
    command: ['true'],
    env: { A: undefined, $corral: 'x', $$corral: 'y', at: '1' },
    stdin: Buffer.from([0, 255]),
    files: { a: 'text', b: { data: new Uint8Array([1, 2]), mode: 0o700 } },
    labels: { $corral: 'undefined', bytes: 'true' },
  }
  const decoded = decodeConfig(encodeConfig(config))
  expect(decoded).toEqual({ ...config, files: { a: 'text', b: { data: Buffer.from([1, 2]), mode: 0o700 } } })
  expect(Object.keys(decoded.env!)).toContain('A')
})

test('a stream is not part of it', async () => {
  const stdin = Readable()
  expect(decodeConfig(encodeConfig({ command: ['cat'], stdin }))).toEqual({ command: ['cat'] })
  await stdin.return()
})

async function* Readable(): AsyncGenerator<string, void> {
  yield 'x'
}
