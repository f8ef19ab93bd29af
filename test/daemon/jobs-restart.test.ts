import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import type { JobManager } from '../../packages/daemon/src/jobs/index.ts'
import { killHard, launcherProcesses } from '../faults/host.ts'
import { dataOf, eventsAfter, never, order, outputOf, test, tokenNow } from './job-managers.ts'

const quick = { backoffMs: 100, backoffMaxMs: 100 } as const

/** Fails until it has run so often; each time it says which. */
function failing(folder: string, times: number): string[] {
  const script = `echo x >> ${folder}/runs; n=$(wc -l < ${folder}/runs); echo "run $n"; [ $n -ge ${times} ]`
  return ['sh', '-c', script]
}

const onHost = { isolation: 'none', noLimits: true } as const

/** Waits until a job is in a state. */
async function untilState(jobs: JobManager, name: string, state: string, attempt = 1): Promise<void> {
  const token = await tokenNow(jobs)
  const leave = new AbortController()
  const isThere = async (): Promise<boolean> => {
    const status = await jobs.status(name)
    return status.state === state && status.attempt >= attempt
  }
  if (await isThere()) return
  for await (const { event } of jobs.watch(token, leave.signal)) if (event?.name === name && (await isThere())) return
}

test('a job that fails is started again until it does not, and its output is that of all attempts', async ({
  folder,
  jobs,
}) => {
  const token = await tokenNow(jobs)
  const restart = { mode: 'on-failure', ...quick } as const
  await jobs.start(order({ name: 'web', command: failing(folder, 3), ...onHost }, { restart }))
  const output = outputOf(jobs, 'web')
  const ended = await jobs.wait('web', never)
  expect(ended).toMatchObject({ state: 'exited', exitStatus: 0, attempt: 3, outputBytes: 18, outputDroppedBytes: 0 })
  expect(ended.attempts).toMatchObject([
    { number: 1, state: 'exited', exitStatus: 1, outputBytes: 6 },
    { number: 2, state: 'exited', exitStatus: 1, outputBytes: 6 },
    { number: 3, state: 'exited', exitStatus: 0, outputBytes: 6 },
  ])
  expect(await output).toBe('run 1\nrun 2\nrun 3\n')
  expect(await outputOf(jobs, 'web', 8)).toBe('n 2\nrun 3\n')
  const starts = ended.attempts.map(({ startedAt }) => startedAt!.getTime())
  const ends = ended.attempts.map(({ finishedAt }) => finishedAt!.getTime())
  for (const each of [1, 2]) expect(starts[each]! - ends[each - 1]!).toBeGreaterThanOrEqual(95)
  const told = await eventsAfter(jobs, token, 6)
  expect(told).toEqual(['started web', 'exited web', 'started web', 'exited web', 'started web', 'exited web'])
  await jobs.remove('web', { force: false })
  expect(jobs.all()).toEqual([])
})

test('the last lines may be those of several attempts', async ({ folder, jobs }) => {
  const restart = { mode: 'on-failure', ...quick } as const
  await jobs.start(order({ name: 'web', command: failing(folder, 3), ...onHost }, { restart }))
  await jobs.wait('web', never)
  for (const [tail, offset, text] of [
    [0, 18, ''],
    [1, 12, 'run 3\n'],
    [2, 6, 'run 2\nrun 3\n'],
    [9, 0, 'run 1\nrun 2\nrun 3\n'],
  ] as const) {
    const parts = await Array.fromAsync(jobs.output('web', { tail, follow: false, signal: never }))
    expect(parts[0]).toMatchObject({ offset, data: new Uint8Array() })
    expect(Buffer.concat(parts.map(dataOf)).toString()).toBe(text)
  }
})

test('a job that fails too often is given up', async ({ jobs }) => {
  const restart = { mode: 'on-failure', maxRestarts: 2, ...quick } as const
  await jobs.start(order({ name: 'web', command: ['false'] }, { restart }))
  expect(await jobs.wait('web', never)).toMatchObject({ state: 'exited', exitStatus: 1, attempt: 3 })
})

test('a job that succeeds is started again if that is its policy, until it is stopped', async ({ jobs }) => {
  await jobs.start(order({ name: 'web', command: ['true'] }, { restart: { mode: 'always', ...quick } }))
  await untilState(jobs, 'web', 'restarting', 2)
  const status = await jobs.status('web')
  expect(status.restartAt).toBeInstanceOf(Date)
  const stopped = await jobs.stop('web', {})
  expect(stopped).toMatchObject({ active: false, restartAt: null })
  await expect(jobs.kill('web', 'SIGTERM')).rejects.toMatchObject({ name: 'JobEndedError', jobName: 'web' })
})

test('a stop of a job that runs is its end, whatever its policy', async ({ jobs }) => {
  await jobs.start(order({ name: 'web', command: ['sleep', '60'] }, { restart: { mode: 'always', ...quick } }))
  expect(await jobs.stop('web', {})).toMatchObject({ state: 'stopped', attempt: 1 })
})

test('a start that fails is an attempt that failed', async ({ folder, jobs }) => {
  const cwd = join(folder, 'there')
  await mkdir(cwd)
  const restart = { mode: 'on-failure', maxRestarts: 1, ...quick } as const
  const command = ['sh', '-c', `rmdir ${cwd}; exit 1`]
  await jobs.start(order({ name: 'web', command, cwd, ...onHost }, { restart }))
  expect(await jobs.wait('web', never)).toMatchObject({
    state: 'failed',
    failure: { code: 'CWD_UNUSABLE' },
    attempts: [
      { number: 1, state: 'exited' },
      { number: 2, state: 'failed', failure: { code: 'CWD_UNUSABLE' } },
    ],
  })
})

test('of many attempts the latest outputs are kept, and what is not is told', async ({ folder, jobs }) => {
  const restart = { mode: 'on-failure', ...quick } as const
  await jobs.start(order({ name: 'web', command: failing(folder, 13), ...onHost }, { restart }))
  const ended = await jobs.wait('web', never)
  const bytes = 9 * 6 + 4 * 7
  expect(ended).toMatchObject({ attempt: 13, outputBytes: bytes, outputDroppedBytes: 18 })
  const parts = await Array.fromAsync(jobs.output('web', { follow: false, signal: never }))
  expect(parts.slice(0, 4)).toMatchObject([
    { offset: 0, attempt: 1, droppedBytes: 6 },
    { offset: 6, attempt: 2, droppedBytes: 6 },
    { offset: 12, attempt: 3, droppedBytes: 6 },
    { offset: 18, attempt: 4 },
  ])
  expect(Buffer.concat(parts.map(dataOf)).length).toBe(bytes - 18)
})

test('a job whose end nobody saw is started again by the next daemon, and one of no policy is lost', async ({
  folder,
  openJobs,
}) => {
  const before = await openJobs()
  const restart = { mode: 'on-failure', ...quick } as const
  await before.start(order({ name: 'web', command: ['sleep', '60'] }, { restart }))
  await before.start(order({ name: 'other', command: ['sleep', '60'] }))
  await before.close()
  // As the host's restart does.
  const { inits } = await launcherProcesses(join(folder, 'root'))
  for (const init of inits) killHard(init)
  const jobs = await openJobs()
  expect(await jobs.wait('other', never)).toMatchObject({ state: 'lost' })
  await untilState(jobs, 'web', 'active', 2)
  expect((await jobs.status('web')).attempts).toMatchObject([{ state: 'lost' }, { state: 'active' }])
  await jobs.stop('web', {})
})

test('a job that waits for its restart is started by the next daemon, when it is time', async ({ openJobs }) => {
  const before = await openJobs()
  const restart = { mode: 'on-failure', maxRestarts: 1, backoffMs: 1500 } as const
  await before.start(order({ name: 'web', command: ['sh', '-c', 'echo $A; exit 3'], env: { A: 'x' } }, { restart }))
  await untilState(before, 'web', 'restarting')
  const { restartAt } = await before.status('web')
  await before.close()
  const jobs = await openJobs()
  expect(await jobs.status('web')).toMatchObject({ state: 'restarting', restartAt, exitStatus: 3 })
  const ended = await jobs.wait('web', never)
  expect(ended).toMatchObject({ state: 'exited', exitStatus: 3, attempt: 2 })
  expect(ended.startedAt!.getTime()).toBeGreaterThanOrEqual(restartAt!.getTime() - 5)
  expect(await outputOf(jobs, 'web')).toBe('x\nx\n')
})

test('a job whose input is streamed cannot be started again', async ({ jobs }) => {
  const started = jobs.start(order({ command: ['cat'] }, { restart: { mode: 'always' }, streamsInput: true }))
  await expect(started).rejects.toMatchObject({ option: 'restart.mode' })
})
