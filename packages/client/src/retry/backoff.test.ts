import { array, assert, double, property } from 'fast-check'
import { expect, test } from 'vitest'

import { Backoff } from './backoff.ts'

const options = { minMs: 100, maxMs: 1000, giveUpAfterMs: 5000 }

test('waits for twice as long each time, up to a bound', () => {
  const backoff = new Backoff(options, () => 1)
  const waits = [0, 100, 300, 700, 1500].map((now) => backoff.next({ begun: now, isHeard: false }, now))
  expect(waits).toEqual([100, 200, 400, 800, 1000])
})

test('begins anew once something worked, and when the daemon was there for a while', () => {
  const backoff = new Backoff(options, () => 1)
  for (const now of [0, 100, 200]) backoff.next({ begun: now, isHeard: true }, now)
  backoff.reset()
  expect(backoff.next({ begun: 4999, isHeard: true }, 5000)).toBe(100)
  expect(backoff.next({ begun: 5000, isHeard: true }, 7000)).toBe(100)
  // An attempt that took as long and heard nothing is no sign of life.
  expect(backoff.next({ begun: 7000, isHeard: false }, 9000)).toBe(200)
})

test('gives up when the time is over, and makes a last attempt then', () => {
  const backoff = new Backoff(options, () => 1)
  expect(backoff.next({ begun: 0, isHeard: false }, 0)).toBe(100)
  expect(backoff.next({ begun: 4900, isHeard: false }, 4950)).toBe(50)
  expect(backoff.next({ begun: 5000, isHeard: false }, 5000)).toBeUndefined()
})

test('never waits for less than half of what it may, nor beyond its end', () => {
  const randoms = array(double({ min: 0, max: 1, noNaN: true }), { maxLength: 50 })
  const check = property(randoms, (randoms) => {
    let at = 0
    const backoff = new Backoff(options, () => randoms[at++] ?? 0)
    let now = 0
    for (const _ of randoms) {
      const wait = backoff.next({ begun: now, isHeard: false }, now)
      if (wait === undefined) return now === 5000
      if (wait > 1000 || (wait < 50 && now + wait !== 5000)) return false
      now += wait
    }
    return now <= 5000
  })
  expect(() => assert(check)).not.toThrow()
})
