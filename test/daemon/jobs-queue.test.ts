import { expect } from 'vitest'

import { eventsAfter, letGo, never, order, test, tokenNow, untilInput } from './job-managers.ts'

const held = { streamsInput: true }

test('who may not run yet waits: by priority, then who came first', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1 })
  const token = await tokenNow(jobs)
  await jobs.start(order({ name: 'first', command: untilInput }, held))
  const second = await jobs.start(order({ name: 'second', command: ['true'] }))
  expect(second).toMatchObject({ state: 'queued', queuePosition: 0, startedAt: null, attempt: 0, attempts: [] })
  await jobs.start(order({ name: 'third', command: ['true'] }))
  expect(await jobs.start(order({ name: 'urgent', command: ['true'] }, { priority: 5 }))).toMatchObject({
    queuePosition: 0,
  })
  expect(await jobs.status('third')).toMatchObject({ queuePosition: 2 })
  expect(jobs.all().map(({ name, queuePosition }) => [name, queuePosition])).toEqual([
    ['first', null],
    ['second', 1],
    ['third', 2],
    ['urgent', 0],
  ])
  await letGo(jobs, 'first')
  await jobs.wait('third', never)
  const told = await eventsAfter(jobs, token, 11)
  expect(told.filter((line) => line.startsWith('started'))).toEqual([
    'started first',
    'started urgent',
    'started second',
    'started third',
  ])
})

test('an owner who may run no more is in nobody’s way', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 3, maxActivePerOwner: 1 })
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  await jobs.start(order({ name: 'two', command: ['true'] }))
  expect(await jobs.start(order({ name: 'other', command: ['true'] }, { owner: 'bob' }))).toMatchObject({ attempt: 1 })
  expect(await jobs.wait('other', never)).toMatchObject({ state: 'exited' })
  expect(await jobs.status('two')).toMatchObject({ state: 'queued' })
  await letGo(jobs, 'one')
  expect(await jobs.wait('two', never)).toMatchObject({ state: 'exited' })
})

test('who would not wait is refused, and so is who comes when the queue is full', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1, maxQueued: 1 })
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  const refused = jobs.start(order({ command: ['true'] }, { whenFull: 'refuse' }))
  await expect(refused).rejects.toMatchObject({ reason: 'TOO_MANY_JOBS' })
  await jobs.start(order({ name: 'two', command: ['true'] }))
  await expect(jobs.start(order({ command: ['true'] }))).rejects.toMatchObject({ reason: 'QUEUE_FULL' })
  await letGo(jobs, 'one')
  await jobs.wait('two', never)
})

test('who has as many in the queue as one owner may have keeps nobody else from waiting', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1, maxQueuedPerOwner: 1 })
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  await jobs.start(order({ name: 'two', command: ['true'] }))
  const beyond = jobs.start(order({ command: ['true'] }))
  await expect(beyond).rejects.toMatchObject({ reason: 'QUEUE_FULL', metadata: { maxQueuedPerOwner: '1' } })
  await jobs.start(order({ name: 'three', command: ['true'] }, { owner: 'another' }))
  await letGo(jobs, 'one')
  await jobs.wait('two', never)
  await jobs.start(order({ name: 'four', command: ['true'] }))
  await Promise.all(['three', 'four'].map(async (name) => jobs.wait(name, never)))
})

test('a job that waits can be stopped, and is never started', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1 })
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  await jobs.start(order({ name: 'two', command: ['true'] }))
  await expect(jobs.kill('two', 'SIGTERM')).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
  const stopped = await jobs.stop('two', {})
  expect(stopped).toMatchObject({ state: 'stopped', startedAt: null, attempt: 0 })
  expect(stopped.finishedAt).toBeInstanceOf(Date)
  await letGo(jobs, 'one')
  expect(await jobs.status('two')).toMatchObject({ state: 'stopped' })
  await jobs.remove('two', { force: false })
})

test('a job that waits and then cannot be started has failed', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1 })
  const token = await tokenNow(jobs)
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  await jobs.start(order({ name: 'two', command: ['/no/such/program'] }))
  await letGo(jobs, 'one')
  expect(await jobs.wait('two', never)).toMatchObject({
    state: 'failed',
    failure: { code: 'COMMAND_NOT_FOUND' },
    attempts: [{ number: 1, state: 'failed', failure: { code: 'COMMAND_NOT_FOUND' } }],
  })
  expect(await eventsAfter(jobs, token, 4)).toEqual(['started one', 'queued two', 'exited one', 'failed two'])
})

test('what is wrong with a job is said before it waits', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1 })
  await jobs.start(order({ name: 'one', command: untilInput }, held))
  const wrong = jobs.start(order({ command: ['true'], memoryMax: 'much' }))
  await expect(wrong).rejects.toMatchObject({ option: 'memoryMax' })
  expect(jobs.all()).toHaveLength(1)
  await letGo(jobs, 'one')
})

test('the queue is there again for the next daemon, in its order, and so is what was stopped', async ({ openJobs }) => {
  const before = await openJobs({ maxActive: 1 })
  const token = await tokenNow(before)
  await before.start(order({ name: 'one', command: ['sleep', '60'] }))
  for (const name of ['two', 'three', 'four', 'five']) {
    await before.start(order({ name, command: ['cat'], stdin: name, env: { SECRET: undefined } }))
  }
  await before.stop('three', {})
  await before.close()
  const jobs = await openJobs({ maxActive: 1 })
  expect(jobs.all().map(({ name, state }) => `${state} ${name}`)).toEqual([
    'queued five',
    'queued four',
    'active one',
    'stopped three',
    'queued two',
  ])
  await jobs.stop('one', {})
  expect(await jobs.wait('five', never)).toMatchObject({ state: 'exited', exitStatus: 0, outputBytes: 4 })
  const told = await eventsAfter(jobs, token, 13)
  expect(told.filter((line) => /^(started|queued)/.test(line))).toEqual([
    'started one',
    ...['two', 'three', 'four', 'five'].map((name) => `queued ${name}`),
    ...['two', 'four', 'five'].map((name) => `started ${name}`),
  ])
})
