import { expect } from 'vitest'

import { eventsAfter, never, order, test, tokenNow } from './job-managers.ts'

test('of those that have ended so many are kept', async ({ openJobs }) => {
  const jobs = await openJobs({ retention: { maxJobs: 2 } })
  const token = await tokenNow(jobs)
  await jobs.start(order({ name: 'runs', command: ['sleep', '60'] }))
  for (const name of ['one', 'two', 'three', 'four']) {
    await jobs.start(order({ name, command: ['true'] }))
    await jobs.wait(name, never)
  }
  const told = await eventsAfter(jobs, token, 11)
  expect(told.filter((line) => line.startsWith('removed'))).toEqual(['removed one', 'removed two'])
  expect(jobs.all().map(({ name }) => name)).toEqual(['four', 'runs', 'three'])
  await jobs.stop('runs', {})
})

test('those that have ended are removed when their time is over, by a later daemon too', async ({ openJobs }) => {
  const jobs = await openJobs({ retention: { maxAgeMs: 400 } })
  const token = await tokenNow(jobs)
  await jobs.start(order({ name: 'one', command: ['true'] }))
  const { finishedAt } = await jobs.wait('one', never)
  expect(await eventsAfter(jobs, token, 3)).toEqual(['started one', 'exited one', 'removed one'])
  expect(Date.now() - finishedAt!.getTime()).toBeGreaterThanOrEqual(395)
  await jobs.start(order({ name: 'two', command: ['true'] }))
  await jobs.wait('two', never)
  await jobs.close()
  const later = await openJobs({ retention: { maxAgeMs: 1 } })
  expect(await eventsAfter(later, token, 6)).toEqual([
    ...['started one', 'exited one', 'removed one'],
    ...['started two', 'exited two', 'removed two'],
  ])
})

test('those that have ended hold so many bytes of output', async ({ openJobs }) => {
  const jobs = await openJobs({ retention: { maxBytes: 1500 } })
  const token = await tokenNow(jobs)
  for (const name of ['one', 'two']) {
    await jobs.start(order({ name, command: ['head', '-c', '1000', '/dev/zero'] }))
    await jobs.wait(name, never)
  }
  expect((await eventsAfter(jobs, token, 5)).at(-1)).toBe('removed one')
})

test('a job that has not ended is removed only by force', async ({ jobs }) => {
  await jobs.start(order({ name: 'x', command: ['sleep', '60'] }))
  await expect(jobs.remove('x', { force: false })).rejects.toMatchObject({ option: 'force' })
  const [one, two] = await Promise.allSettled([jobs.remove('x', { force: true }), jobs.remove('x', { force: true })])
  expect(one).toMatchObject({ value: { state: 'stopped' } })
  expect(two.status).toBe('fulfilled')
  await expect(jobs.status('x')).rejects.toMatchObject({ name: 'JobNotFoundError', jobName: 'x' })
})
