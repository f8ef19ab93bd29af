import { expect, test } from 'vitest'

import { type EndedJob, EndedJobs, type RetentionOptions } from './retention.ts'

/** Jobs that have ended, of `alice` unless something else is said. */
function ended(...jobs: (Omit<EndedJob, 'owner'> & { owner?: string })[]): EndedJobs {
  const all = new EndedJobs()
  for (const job of jobs) all.add({ owner: 'alice', ...job })
  return all
}

/** Those that go, one after the other, and when the next one does. */
function expire(
  jobs: EndedJobs,
  options: RetentionOptions,
  now: number,
): { expired: string[]; nextMs: number | undefined } {
  const expired: string[] = []
  for (;;) {
    const due = jobs.due(options, now)
    if (!('expired' in due)) return { expired, nextMs: due.nextMs }
    expired.push(due.expired)
    jobs.remove(due.expired)
  }
}

const three = [
  { name: 'b', finishedAt: 200, bytes: 20 },
  { name: 'a', finishedAt: 100, bytes: 10 },
  { name: 'c', finishedAt: 300, bytes: 30 },
]

test('those that ended first go by age, and it is known when the next one does', () => {
  expect(expire(ended(...three), { maxAgeMs: 1000 }, 1250)).toEqual({ expired: ['a', 'b'], nextMs: 50 })
  expect(expire(ended(...three), { maxAgeMs: 1000 }, 1099)).toEqual({ expired: [], nextMs: 1 })
})

test('those that ended first go by count', () => {
  expect(expire(ended(...three), { maxJobs: 1 }, 300).expired).toEqual(['a', 'b'])
  expect(expire(ended(...three), { maxJobs: 0 }, 300)).toEqual({ expired: ['a', 'b', 'c'], nextMs: undefined })
})

test('those that ended first go by bytes', () => {
  expect(expire(ended(...three), { maxBytes: 50 }, 300).expired).toEqual(['a'])
  expect(expire(ended(...three), { maxBytes: 49 }, 300).expired).toEqual(['a', 'b'])
})

test('who has most gives way first, whoever ended first', () => {
  const others = [
    { name: 'x', owner: 'bob', finishedAt: 50, bytes: 25 },
    { name: 'y', owner: 'carol', finishedAt: 60, bytes: 5 },
  ]
  expect(expire(ended(...three, ...others), { maxJobs: 3 }, 300).expired).toEqual(['a', 'b'])
  expect(expire(ended(...three, ...others), { maxJobs: 2 }, 300).expired).toEqual(['a', 'b', 'x'])
  expect(expire(ended(...three, ...others), { maxBytes: 60 }, 300).expired).toEqual(['a', 'b'])
})

test('what is removed counts no more', () => {
  const all = ended(...three)
  all.remove('c')
  all.remove('unknown')
  expect(expire(all, { maxBytes: 30 }, 300).expired).toEqual([])
  expect(all.bytes).toBe(30)
})

test('the defaults keep a week', () => {
  expect(expire(ended(...three), {}, 300 + 6 * 86_400_000).expired).toEqual([])
  expect(expire(ended(...three), {}, 300 + 7 * 86_400_000).expired).toEqual(['a', 'b', 'c'])
})
