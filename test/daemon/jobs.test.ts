import { expect } from 'vitest'

import { never, order, outputOf, test } from './job-managers.ts'

test('a job is started, followed and removed', async ({ jobs }) => {
  const started = await jobs.start(order({ command: ['sh', '-c', 'echo one; read x; echo two'], stdin: 'x\n' }))
  expect(started).toMatchObject({ owner: 'alice', attempt: 1, restart: { mode: 'never' } })
  const { name } = started
  expect(jobs.ownerOf(name)).toBe('alice')
  expect(await outputOf(jobs, name)).toBe('one\ntwo\n')
  const ended = await jobs.wait(name, never)
  expect(ended).toMatchObject({ name, state: 'exited', exitStatus: 0, active: false, outputBytes: 8 })
  expect(ended.attempts).toMatchObject([{ number: 1, state: 'exited', exitStatus: 0, outputBytes: 8 }])
  expect(jobs.all().map((job) => job.name)).toEqual([name])
  expect(await jobs.remove(name, { force: false })).toMatchObject({ state: 'exited' })
  expect(jobs.ownerOf(name)).toBeUndefined()
  expect(jobs.all()).toEqual([])
})
