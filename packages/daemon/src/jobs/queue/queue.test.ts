import { array, assert, boolean, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'

import { JobQueue, type Waiting } from './queue.ts'

function waiting(name: string, owner = 'a', priority = 0, order = Number(name)): Waiting {
  return { name, owner, priority, order }
}

const everybody = (): boolean => true

/** All that is in a queue, in the order of its turn. */
function drain(queue: JobQueue): string[] {
  const names: string[] = []
  for (let job = queue.next(everybody); job; job = queue.next(everybody)) {
    names.push(job.name)
    queue.remove(job)
  }
  return names
}

test('who has a higher priority goes first, then who came first', () => {
  const queue = new JobQueue()
  for (const job of [waiting('3'), waiting('1'), waiting('4', 'a', 7), waiting('2', 'a', -1), waiting('5', 'a', 7)])
    queue.add(job)
  expect(queue.positionOf(waiting('1'))).toBe(2)
  expect(drain(queue)).toEqual(['4', '5', '1', '3', '2'])
})

test('one that may not run is in nobody’s way', () => {
  const queue = new JobQueue()
  queue.add(waiting('1', 'full'))
  queue.add(waiting('2', 'other'))
  expect(queue.next(({ owner }) => owner !== 'full')?.name).toBe('2')
  expect(queue.next(everybody)?.name).toBe('1')
})

test('only what is in it can be removed', () => {
  const queue = new JobQueue()
  queue.add(waiting('1'))
  expect(queue.remove(waiting('2'))).toBe(false)
  expect(queue.remove(waiting('1'))).toBe(true)
  expect(queue.size).toBe(0)
})

test('the order is that of priority and coming, whatever is added and removed', () => {
  const priorities = array(record({ priority: integer({ min: -2, max: 2 }), goes: boolean() }))
  assert(
    property(priorities, (given) => {
      const queue = new JobQueue()
      const jobs = given.map(({ priority }, order) => waiting(String(order), 'a', priority))
      for (const job of jobs) queue.add(job)
      for (const [order, job] of jobs.entries()) if (given[order]!.goes) queue.remove(job)
      const left = jobs.filter((_, order) => !given[order]!.goes)
      expect(drain(queue)).toEqual(left.toSorted((a, b) => b.priority - a.priority).map(({ name }) => name))
    }),
  )
})
