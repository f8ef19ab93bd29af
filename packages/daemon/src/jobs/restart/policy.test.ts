import { describe, expect, it, test } from 'vitest'

import { backoffMs, checkRestart, isRestarted, ranForLong } from './policy.ts'

const succeeded = { state: 'exited', exitStatus: 0 } as const
const failed = { state: 'exited', exitStatus: 1 } as const
const stopped = { state: 'stopped', exitStatus: null } as const
const lost = { state: 'lost', exitStatus: null } as const

describe('isRestarted', () => {
  it.each([
    ['never', failed, false],
    ['on-failure', succeeded, false],
    ['on-failure', failed, true],
    ['on-failure', lost, true],
    ['on-failure', { state: 'signaled', exitStatus: null }, true],
    ['on-failure', { state: 'timed-out', exitStatus: null }, true],
    ['on-failure', { state: 'oom', exitStatus: null }, true],
    ['on-failure', { state: 'failed', exitStatus: null }, true],
    ['on-failure', stopped, false],
    ['always', succeeded, true],
    ['always', lost, true],
    ['always', stopped, false],
  ] as const)('%s after %j: %s', (mode, end, expected) => {
    expect(isRestarted({ mode }, end, 0)).toBe(expected)
  })

  it('comes to an end', () => {
    expect(isRestarted({ mode: 'always', maxRestarts: 2 }, failed, 1)).toBe(true)
    expect(isRestarted({ mode: 'always', maxRestarts: 2 }, failed, 2)).toBe(false)
    expect(isRestarted({ mode: 'always', maxRestarts: 0 }, failed, 0)).toBe(false)
  })
})

describe('backoffMs', () => {
  it('doubles up to the most', () => {
    const waits = [0, 1, 2, 3, 4, 5000].map((quick) => backoffMs({ mode: 'always', backoffMaxMs: 5000 }, quick))
    expect(waits).toEqual([1000, 2000, 4000, 5000, 5000, 5000])
  })

  it('has a most of a minute', () => {
    expect(backoffMs({ mode: 'always', backoffMs: 100 }, 20)).toBe(60_000)
    expect(backoffMs({ mode: 'always', backoffMs: 90_000 }, 3)).toBe(90_000)
  })
})

test('an attempt that ran for longer than the most begins the back-off anew', () => {
  const restart = { mode: 'always', backoffMaxMs: 5000 } as const
  expect(ranForLong(restart, 1000, 6001)).toBe(true)
  expect(ranForLong(restart, 1000, 6000)).toBe(false)
  expect(ranForLong(restart, null, 6000)).toBe(false)
})

test.each([
  [{ mode: 'sometimes' }, 'restart.mode'],
  [{ mode: 'always', maxRestarts: -1 }, 'restart.maxRestarts'],
  [{ mode: 'always', maxRestarts: 1.5 }, 'restart.maxRestarts'],
  [{ mode: 'always', backoffMs: 99 }, 'restart.backoffMs'],
  [{ mode: 'always', backoffMs: 2000, backoffMaxMs: 1999 }, 'restart.backoffMaxMs'],
  [{ mode: 'always', backoffMaxMs: 2 ** 31 }, 'restart.backoffMaxMs'],
])('%j is not accepted: %s', (restart, option) => {
  expect(() => checkRestart(restart as never)).toThrow(expect.objectContaining({ option }))
})
