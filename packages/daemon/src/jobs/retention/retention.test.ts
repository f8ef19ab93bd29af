import { expect, test } from 'vitest'

import { type EndedJob, EndedJobs } from './retention.ts'

function ended(...jobs: EndedJob[]): EndedJobs {
  const all = new EndedJobs()
  for (const job of jobs) all.add(job)
  return all
}

const three = [
  { name: 'b', finishedAt: 200, bytes: 20 },
  { name: 'a', finishedAt: 100, bytes: 10 },
  { name: 'c', finishedAt: 300, bytes: 30 },
]

test('those that ended first go by age, and it is known when the next one does', () => {
  expect(ended(...three).due({ maxAgeMs: 1000 }, 1250)).toEqual({ expired: ['a', 'b'], nextMs: 50 })
  expect(ended(...three).due({ maxAgeMs: 1000 }, 1099)).toEqual({ expired: [], nextMs: 1 })
})

test('those that ended first go by count', () => {
  expect(ended(...three).due({ maxJobs: 1 }, 300).expired).toEqual(['a', 'b'])
  expect(ended(...three).due({ maxJobs: 0 }, 300)).toEqual({ expired: ['a', 'b', 'c'], nextMs: undefined })
})

test('those that ended first go by bytes', () => {
  expect(ended(...three).due({ maxBytes: 50 }, 300).expired).toEqual(['a'])
  expect(ended(...three).due({ maxBytes: 49 }, 300).expired).toEqual(['a', 'b'])
})

test('what is removed counts no more', () => {
  const all = ended(...three)
  all.remove('c')
  all.remove('unknown')
  expect(all.due({ maxBytes: 30 }, 300).expired).toEqual([])
  expect(all.bytes).toBe(30)
})

test('the defaults keep a week', () => {
  expect(ended(...three).due({}, 300 + 6 * 86_400_000).expired).toEqual([])
  expect(ended(...three).due({}, 300 + 7 * 86_400_000).expired).toEqual(['a', 'b', 'c'])
})
