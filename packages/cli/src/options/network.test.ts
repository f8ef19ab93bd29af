import { Command } from 'commander'
import { expect, test } from 'vitest'

import { addNetwork, givenNetwork, type NetworkOptions } from './network.ts'

function networkFor(...argv: string[]): ReturnType<typeof givenNetwork> {
  const command = addNetwork(new Command().exitOverride().configureOutput({ writeErr: () => {} }))
  return givenNetwork(command.parse(argv, { from: 'user' }).opts<NetworkOptions>())
}

test.each([
  ['', undefined],
  ['--network none', 'none'],
  ['--network host', 'host'],
  ['--network private', 'private'],
  ['-p 8080:80 --publish 53/udp', { type: 'private', ports: ['8080:80', '53/udp'] }],
  ['--allow 10.0.0.0/8 --allow ::1 --dns', { type: 'private', allow: ['10.0.0.0/8', '::1'], dns: true }],
  ['--network private --no-dns', { type: 'private', dns: false }],
])('%j', (line, network) => {
  expect(networkFor(...line.split(' ').filter((word) => word !== ''))).toEqual(network)
})

test('what is for a private network is for no other', () => {
  expect(() => networkFor('--network', 'host', '--allow', '10.0.0.0/8')).toThrow(/leave out --network host/)
  expect(() => networkFor('--network', 'bridge')).toThrow(/none, host, private/)
})
