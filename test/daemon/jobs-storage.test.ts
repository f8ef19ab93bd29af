import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { JobManager } from '../../packages/daemon/src/jobs/index.ts'
import { eventsAfter, never, order, outputOf, test, tokenNow } from './job-managers.ts'

test('a storage root has one daemon, and who comes second is told which', async ({ folder, jobs, openJobs }) => {
  await expect(openJobs()).rejects.toMatchObject({
    code: 'STORAGE_UNUSABLE',
    message: expect.stringContaining(`process ${process.pid} has it`),
  })
  await jobs.close()
  await openJobs()
  expect((await stat(join(folder, 'root/daemon/lock'))).size).toBe(0)
})

test('what the jobs of an earlier daemon have done meanwhile is known, and was told once', async ({
  openJobs,
  openRunner,
}) => {
  const before = await openJobs()
  const token = await tokenNow(before)
  await before.start(order({ name: 'ends', command: ['sh', '-c', 'sleep 0.4; echo late; exit 5'] }))
  await before.start(order({ name: 'runs', command: ['sh', '-c', 'echo begun; sleep 60'], labels: { a: 'b' } }))
  const first = await before.status('runs')
  await before.close()
  const runner = await openRunner({ onExit: 'keep' })
  await runner.wait('ends')
  const jobs = await openJobs()
  expect(await jobs.status('ends')).toMatchObject({ state: 'exited', exitStatus: 5, owner: 'alice' })
  expect(await outputOf(jobs, 'ends')).toBe('late\n')
  const { usage, ...status } = await jobs.status('runs')
  expect(usage).toMatchObject({ pids: 2 })
  expect(status).toMatchObject({ state: 'active', pid: first.pid, startedAt: first.startedAt, labels: { a: 'b' } })
  await jobs.stop('runs', {})
  await jobs.close()
  const later = await openJobs()
  const told = await eventsAfter(later, token, 4)
  expect(told).toEqual(['started ends', 'started runs', 'exited ends', 'exited runs'])
  await later.remove('ends', { force: false })
  expect(await eventsAfter(later, token, 5)).toEqual([...told, 'removed ends'])
})

test('jobs that the library has started are taken in, and those that it removes are gone', async ({
  jobs,
  openRunner,
}) => {
  const token = await tokenNow(jobs)
  const runner = await openRunner({ onExit: 'keep' })
  await runner.start({ name: 'theirs', command: ['sleep', '60'] })
  expect(await eventsAfter(jobs, token, 1)).toEqual(['started theirs'])
  expect(jobs.ownerOf('theirs')).toBe('')
  expect(await jobs.status('theirs')).toMatchObject({ state: 'active', owner: '', command: ['sleep', '60'] })
  await runner.stop('theirs')
  expect(await eventsAfter(jobs, token, 3)).toEqual(['started theirs', 'exited theirs', 'removed theirs'])
  expect(jobs.all()).toEqual([])
})

test('jobs that were there before the first daemon are taken in', async ({ openJobs, openRunner }) => {
  const runner = await openRunner({ onExit: 'keep' })
  await runner.start({ name: 'runs', command: ['sleep', '60'] })
  await runner.start({ name: 'ended:80', command: ['true'] })
  await runner.wait('ended:80')
  const jobs = await openJobs()
  expect(jobs.all().map(({ name, state }) => `${state} ${name}`)).toEqual(['exited ended:80', 'active runs'])
  expect(await jobs.stop('runs', {})).toMatchObject({ state: 'stopped' })
  await jobs.remove('ended:80', { force: false })
  expect((await runner.list()).map(({ name }) => name)).toEqual(['runs'])
})

test('a damaged record is moved aside, and its job taken in', async ({ folder, openJobs }) => {
  const before = await openJobs()
  await before.start(order({ name: 'x', command: ['true'] }))
  await before.wait('x', never)
  await before.close()
  const record = join(folder, 'root/daemon/jobs/x.json')
  expect(((await stat(record)).mode & 0o777).toString(8)).toBe('600')
  const text = await readFile(record, 'utf8')
  await writeFile(record, text.slice(0, text.length / 2))
  const jobs = await openJobs()
  expect(await jobs.status('x')).toMatchObject({ state: 'exited', owner: '' })
  const aside = await readdir(join(folder, 'root/daemon/damaged'))
  expect(aside).toEqual([expect.stringMatching(/^x\.\d+\.json$/)])
  await jobs.remove('x', { force: false })
})

test('a removal that was begun is finished by the next daemon', async ({ folder, openJobs }) => {
  const before = await openJobs()
  const token = await tokenNow(before)
  await before.start(order({ name: 'x', command: ['true'] }))
  await before.wait('x', never)
  await before.close()
  await rename(join(folder, 'root/daemon/jobs/x.json'), join(folder, 'root/daemon/removing/x.json'))
  const jobs = await openJobs()
  expect(jobs.all()).toEqual([])
  expect(await readdir(join(folder, 'root/jobs'))).toEqual([])
  expect(await eventsAfter(jobs, token, 3)).toEqual(['started x', 'exited x', 'removed x'])
})

test('who leaves can stop what runs; what waits goes on with the next daemon', async ({ openJobs }) => {
  const before = await openJobs({ maxActive: 2 })
  await before.start(order({ name: 'one', command: ['sleep', '60'] }))
  await before.start(order({ name: 'two', command: ['sleep', '60'] }))
  await before.start(order({ name: 'three', command: ['echo', 'hello'] }))
  await before.stopAll(Infinity)
  await before.close()
  await expect(before.start(order({ command: ['true'] }))).rejects.toMatchObject({ reason: 'DRAINING' })
  const jobs = await openJobs({ maxActive: 2 })
  expect(await outputOf(jobs, 'three')).toBe('hello\n')
  expect(jobs.all().map(({ name, state }) => `${state} ${name}`)).toEqual([
    'stopped one',
    'exited three',
    'stopped two',
  ])
})

test('a storage root that cannot be used is told, and can be opened when that is mended', async ({ folder }) => {
  await writeFile(join(folder, 'file'), '')
  const open = JobManager.open({ storageRoot: join(folder, 'file/root') })
  await expect(open).rejects.toMatchObject({ code: 'STORAGE_UNUSABLE' })
})
