import { describe, expect, test } from 'vitest'

import { Admission, peerOfAddress, type Visitor } from './admission.ts'
import { resolveLimits } from './options.ts'

/** A visitor that notes why it was dropped. */
function visitorOf(peer: string): Visitor & { dropped: string[] } {
  const dropped: string[] = []
  return { peer, dropped, drop: (reason) => void dropped.push(reason) }
}

describe('beyond maxHandshakes', () => {
  test('whoever has most that wait loses its oldest', () => {
    const admission = new Admission(resolveLimits({ maxHandshakes: 4 }))
    const calm = [visitorOf('a'), visitorOf('b')]
    const flood = [1, 2, 3, 4, 5].map(() => visitorOf('c'))
    for (const visitor of [...calm, ...flood]) expect(admission.arrive(visitor)).toBeUndefined()
    expect(calm.map(({ dropped }) => dropped)).toEqual([[], []])
    expect(flood.map(({ dropped }) => dropped.length)).toEqual([1, 1, 1, 0, 0])
    expect(admission.handshakes).toBe(4)
  })

  test('those that have said who they are do not count', () => {
    const admission = new Admission(resolveLimits({ maxHandshakes: 1 }))
    const first = visitorOf('a')
    admission.arrive(first)
    expect(admission.establish(first)).toBeUndefined()
    admission.arrive(visitorOf('a'))
    expect(first.dropped).toEqual([])
    expect([admission.connections, admission.handshakes]).toEqual([1, 1])
  })
})

test('a peer that turns out to be another is counted as that', () => {
  const admission = new Admission(resolveLimits({ maxConnectionsPerPeer: 1 }))
  const [first, second] = [visitorOf('unix'), visitorOf('unix')]
  for (const visitor of [first, second]) admission.arrive(visitor)
  first.peer = second.peer = 'unix:alice'
  expect(admission.establish(first)).toBeUndefined()
  expect(admission.establish(second)).toBe('peer-connections')
  admission.leave(second)
  admission.leave(first)
  admission.leave(first)
  expect(admission.connections).toBe(0)
  expect(admission.arrive(first)).toBeUndefined()
})

test('one peer is an IPv4 address, or the 64 bits of an IPv6 one', () => {
  const peers = {
    '192.0.2.7': '192.0.2.7',
    '::ffff:192.0.2.7': '192.0.2.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:db8:1:2::6': '2001:db8:1:2::/64',
    '2001:db8::6': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
  }
  expect(Object.fromEntries(Object.keys(peers).map((address) => [address, peerOfAddress(address)]))).toEqual(peers)
})
