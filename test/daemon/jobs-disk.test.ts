import { expect } from 'vitest'

import { JobManager } from '../../packages/daemon/src/jobs/index.ts'
import { requireRoot, SmallDisk } from '../faults/small-disk.ts'
import { eventually } from '../support/eventually.ts'
import { eventsAfter, never, order, outputOf, test, tokenNow } from './job-managers.ts'

const quick = { backoffMs: 100, backoffMaxMs: 100 } as const

test('a full disk: what runs goes on, starts are refused, and nothing of what was acknowledged is lost', async ({
  folder,
  skip,
}) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  const options = { storageRoot: disk.root, minFreeBytes: 0, outputMax: '64K' }
  await using first = await JobManager.open(options)
  const token = await tokenNow(first)
  await first.start(order({ name: 'ends', command: ['sh', '-c', 'read x'] }, { streamsInput: true }))
  await first.start(order({ name: 'stopped', command: ['sleep', '60'] }, { restart: { mode: 'always', ...quick } }))
  await first.start(order({ name: 'killed', command: ['sleep', '60'] }))
  await disk.fill(0)
  for (const restart of [{ mode: 'never' }, { mode: 'always' }] as const) {
    const refused = first.start(order({ name: 'refused', command: ['true'] }, { restart }))
    await expect(refused).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  }
  await first.writeInput('ends', { offset: 0, data: Buffer.from('x\n'), end: true })
  expect(await first.wait('ends', never)).toMatchObject({ state: 'exited', exitStatus: 0 })
  expect(await first.stop('stopped', {})).toMatchObject({ state: 'stopped', attempt: 1 })
  await first.kill('killed', 'SIGKILL')
  expect(await first.wait('killed', never)).toMatchObject({ state: 'signaled' })
  // With nothing written for want of room.
  await first.close()
  await using second = await JobManager.open(options)
  expect(second.all().map(({ name, state }) => `${state} ${name}`)).toEqual([
    'exited ends',
    'signaled killed',
    'stopped stopped',
  ])
  await disk.empty()
  const told = await eventually(async () => eventsAfter(second, token, 6))
  expect(told.toSorted()).toEqual(
    ['ends', 'killed', 'stopped'].flatMap((name) => [`exited ${name}`, `started ${name}`]).toSorted(),
  )
  await second.start(order({ name: 'next', command: ['echo', 'next'] }))
  expect(await outputOf(second, 'next')).toBe('next\n')
  for (const { name } of second.all()) await second.remove(name, { force: false })
  await second.close()
})
