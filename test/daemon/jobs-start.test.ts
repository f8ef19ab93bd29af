import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { letGo, never, order, outputOf, test, untilInput } from './job-managers.ts'

/** Files that the daemon keeps of its jobs. */
async function recordsIn(folder: string): Promise<string[]> {
  const folders = ['jobs', 'configs', 'removing', 'damaged'].map((name) => join(folder, 'root/daemon', name))
  return (await Promise.all(folders.map((path) => readdir(path)))).flat()
}

test('a start that is asked for twice is made once', async ({ jobs }) => {
  const once = order({ command: ['echo', 'once'] }, { requestId: 'r1' })
  const [one, two] = await Promise.all([jobs.start(once), jobs.start(once)])
  expect(one.name).toBe(two.name)
  await jobs.wait(one.name, never)
  expect(await jobs.start(once)).toMatchObject({ name: one.name, state: 'exited' })
  expect(await jobs.start({ ...once, owner: 'bob' })).not.toMatchObject({ name: one.name })
  const other = jobs.start(order({ command: ['echo', 'twice'] }, { requestId: 'r1' }))
  await expect(other).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' })
  expect(jobs.all()).toHaveLength(2)
  await jobs.remove(one.name, { force: false })
  expect(await jobs.start(once)).not.toMatchObject({ name: one.name })
})

test('a start that is asked for again of the next daemon is made once', async ({ openJobs }) => {
  const before = await openJobs()
  const once = order({ command: ['true'], name: 'x' }, { requestId: 'r1' })
  const { name } = await before.start(once)
  await before.close()
  const jobs = await openJobs()
  expect(await jobs.start(once)).toMatchObject({ name, owner: 'alice' })
  expect(jobs.all()).toHaveLength(1)
})

test('a start that fails leaves nothing, and may be tried again', async ({ folder, jobs }) => {
  const wrong = order({ name: 'x', command: ['/no/such/program'] }, { requestId: 'r1', restart: { mode: 'always' } })
  await expect(jobs.start(wrong)).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' })
  expect(jobs.all()).toEqual([])
  expect(await recordsIn(folder)).toEqual([])
  expect(jobs.quotaUsage('alice')).toMatchObject({ jobs: 0 })
  await jobs.start(order({ name: 'x', command: ['true'] }, { requestId: 'r1' }))
})

test('names that nobody can have are refused, and leave nothing', async ({ folder, jobs }) => {
  for (const name of ['web:2', '../x', '', '.x', 'a b', 'x'.repeat(129), 'memory.max']) {
    const start = jobs.start(order({ name, command: ['true'] }))
    await expect(start).rejects.toMatchObject({ name: 'InvalidOptionError', option: 'name' })
  }
  const long = order({ name: 'x'.repeat(119), command: ['true'] }, { restart: { mode: 'always' } })
  await expect(jobs.start(long)).rejects.toMatchObject({ option: 'name' })
  expect(await recordsIn(folder)).toEqual([])
})

test('a name is taken while its job is there', async ({ jobs }) => {
  await jobs.start(order({ name: 'x', command: ['true'] }))
  const again = jobs.start(order({ name: 'x', command: ['true'] }, { owner: 'bob' }))
  await expect(again).rejects.toMatchObject({ name: 'JobNameTakenError', jobName: 'x' })
  await jobs.remove('x', { force: true })
  await jobs.start(order({ name: 'x', command: ['true'] }, { owner: 'bob' }))
  expect(jobs.ownerOf('x')).toBe('bob')
})

test('an owner has no more than the quota, whoever else has what', async ({ jobs }) => {
  const quota = { maxJobs: 2, maxMemoryBytes: 2 ** 30, maxCpus: 1.5 }
  const limits = { memoryMax: '512M', cpuMax: '50000 100000' }
  const start = async (owner: string, more = {}): Promise<unknown> =>
    jobs.start(order({ command: untilInput, ...limits, ...more }, { owner, quota, streamsInput: true }))
  await expect(start('alice', { memoryMax: undefined })).rejects.toMatchObject({ option: 'memoryMax' })
  await expect(start('alice', { cpuMax: 'max' })).rejects.toMatchObject({ option: 'cpuMax' })
  await expect(start('alice', { memoryMax: '2G' })).rejects.toMatchObject({
    reason: 'QUOTA_EXCEEDED',
    metadata: { quota: 'maxMemoryBytes', bound: String(2 ** 30), wanted: String(2 ** 31) },
  })
  await start('alice', { name: 'one' })
  await start('bob', { name: 'his' })
  await expect(start('alice', { cpuMax: '110000' })).rejects.toMatchObject({ metadata: { quota: 'maxCpus' } })
  await start('alice', { name: 'two' })
  await expect(start('alice')).rejects.toMatchObject({ metadata: { quota: 'maxJobs' } })
  expect(jobs.quotaUsage('alice')).toMatchObject({ jobs: 2, memoryBytes: 2 ** 30, cpus: 1 })
  await expect(jobs.update('one', { memoryMax: '1G' })).rejects.toMatchObject({ reason: 'QUOTA_EXCEEDED' })
  await jobs.update('one', { memoryMax: '256M' })
  expect(jobs.quotaUsage('alice')).toMatchObject({ memoryBytes: 0.75 * 2 ** 30 })
  for (const name of ['one', 'two', 'his']) await letGo(jobs, name)
  expect(jobs.quotaUsage('alice')).toMatchObject({ jobs: 0, memoryBytes: 0, cpus: 0, startsInLastMinute: 2 })
})

test('what is counted is what a job may have, however close changes of its limits come', async ({ jobs }) => {
  const quota = { maxMemoryBytes: 2 ** 30 }
  await jobs.start(order({ name: 'x', command: ['sleep', '60'], memoryMax: '64M' }, { quota }))
  // On cgroup v1 the first one is refused, once the second one has been asked for.
  await Promise.allSettled([
    jobs.update('x', { memoryMax: '128M', cpusetCpus: '0' }),
    expect(jobs.update('x', { memoryMax: '512M' })).resolves.toBeDefined(),
  ])
  expect(jobs.quotaUsage('alice')).toMatchObject({ memoryBytes: 2 ** 29 })
  await jobs.update('x', { memoryMax: '64M' })
  expect(jobs.quotaUsage('alice')).toMatchObject({ memoryBytes: 2 ** 26 })
  await jobs.stop('x', {})
})

test('what is kept of a job in memory is bounded, whatever it is started with', async ({ jobs }) => {
  const words = Array.from({ length: 10 }, () => 'x'.repeat(100_000))
  const { name } = await jobs.start(order({ command: ['true', ...words] }))
  const { command } = await jobs.wait(name, never)
  expect(command[0]).toBe('true')
  expect(command.join(' ').length).toBeLessThan(9000)
  expect((await jobs.inspect(name)).spec?.command).toEqual(['true', ...words])
  const labels = { a: 'x'.repeat(20_000) }
  await expect(jobs.start(order({ command: ['true'], labels }))).rejects.toMatchObject({ option: 'labels' })
})

test('an owner starts no more in a minute than the quota', async ({ openJobs }) => {
  const before = await openJobs()
  const quota = { maxStartsPerMinute: 2 }
  await before.start(order({ command: ['true'] }, { quota }))
  await before.close()
  const jobs = await openJobs()
  await jobs.start(order({ command: ['true'] }, { quota }))
  const third = jobs.start(order({ command: ['true'] }, { quota }))
  await expect(third).rejects.toMatchObject({
    reason: 'RATE_LIMITED',
    metadata: { retryAfterMs: expect.stringMatching(/^\d+$/) },
  })
  await jobs.start(order({ command: ['true'] }, { quota, owner: 'bob' }))
})

test('an owner keeps no more output than the quota', async ({ jobs }) => {
  const quota = { maxOutputBytes: 1000 }
  const { name } = await jobs.start(order({ command: ['head', '-c', '1000', '/dev/zero'] }, { quota }))
  await jobs.wait(name, never)
  expect(jobs.quotaUsage('alice')).toMatchObject({ outputBytes: 1000 })
  const second = jobs.start(order({ command: ['true'] }, { quota }))
  await expect(second).rejects.toMatchObject({ metadata: { quota: 'maxOutputBytes' } })
  await jobs.remove(name, { force: false })
  await jobs.start(order({ command: ['true'] }, { quota }))
})

test('nothing is started while the disk has no room, and what runs goes on', async ({ openJobs }) => {
  const before = await openJobs()
  await before.start(order({ name: 'x', command: ['sh', '-c', 'sleep 0.5; echo done'] }))
  await before.close()
  const jobs = await openJobs({ minFreeBytes: 2 ** 52 })
  const start = jobs.start(order({ command: ['true'] }))
  await expect(start).rejects.toMatchObject({
    code: 'STORAGE_FULL',
    message: expect.stringContaining('bytes are free'),
  })
  expect(await outputOf(jobs, 'x')).toBe('done\n')
})

test('the output of a job is bounded, as it asks for but by no more than the daemon has', async ({ openJobs }) => {
  const jobs = await openJobs({ outputMax: '128K' })
  for (const [outputMax, kept] of [
    [undefined, 128],
    ['64K', 64],
    ['max', 128],
  ] as const) {
    const config = { command: ['head', '-c', '1M', '/dev/zero'], ...(outputMax && { outputMax }) }
    const { name } = await jobs.start(order(config))
    const { outputBytes, outputDroppedBytes } = await jobs.wait(name, never)
    expect([outputBytes, outputBytes - outputDroppedBytes]).toEqual([2 ** 20, kept * 1024])
    const parts = await Array.fromAsync(jobs.output(name, { follow: true, signal: never }))
    const dropped = parts.flatMap((part) => ('droppedBytes' in part ? [part] : []))
    expect(dropped).toEqual([{ offset: kept * 512, attempt: 1, droppedBytes: outputDroppedBytes }])
    const read = parts.reduce((sum, part) => sum + ('data' in part ? part.data.length : part.droppedBytes), 0)
    expect(read).toBe(2 ** 20)
  }
})
