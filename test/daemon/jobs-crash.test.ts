import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { ManagedSummary } from '@corral/api'
import { expect } from 'vitest'

import type { JobManager, StartOrder } from '../../packages/daemon/src/jobs/index.ts'
import { inMachine, killHard, launcherOf, rounds } from '../faults/host.ts'
import { slowness } from '../support/eventually.ts'
import { never, order, outputOf, test } from './job-managers.ts'
import { JobsHost } from './jobs-host.ts'

/** It opens the jobs a dozen times, on a host that may be busy. */
const timeout = 120_000 * slowness

/** What a job of a number is to be: every third is started again twice, every second has a name. */
function orderOf(folder: string, number: number): StartOrder {
  const script = `echo ${number} >> ${folder}/ran/${number}; echo out-${number}; sleep 0.0${number % 5}; exit ${number % 4}`
  const config = {
    command: ['sh', '-c', script],
    isolation: 'none',
    noLimits: true,
    ...(number % 2 === 0 && { name: `named-${number}` }),
  } as const
  const isRestarted = number % 3 === 0
  return order(config, {
    owner: `owner-${number % 3}`,
    priority: number % 2,
    restart: isRestarted ? { mode: 'on-failure', maxRestarts: 2, backoffMs: 100 } : { mode: 'never' },
  })
}

function startsOf(number: number): number {
  return number % 3 === 0 && number % 4 !== 0 ? 3 : 1
}

function tellStart(host: JobsHost, number: number, folder: string): void {
  host.tell(String(number), 'start', JSON.stringify(orderOf(folder, number)))
}

for (const victim of ['the daemon', 'the daemon and the launcher'] as const) {
  test(
    `kill -9 of ${victim}, at any time: each job is there once, with its true outcome`,
    { timeout },
    async ({ folder, openJobs }) => {
      const options = { storageRoot: join(folder, 'root'), maxActive: 6, minFreeBytes: 0 }
      await mkdir(join(folder, 'ran'))
      const names = new Map<string, string>()
      const count = rounds(48)
      let next = 0
      while (next < count) {
        await using host = await JobsHost.open(options)
        // What was not acknowledged is asked for again, as a client does.
        for (let number = 0; number < next; number++) {
          if (!names.has(String(number))) tellStart(host, number, folder)
        }
        const end = Math.min(count, next + 1 + Math.floor(Math.random() * 12))
        for (; next < end; next++) tellStart(host, next, folder)
        if (Math.random() < 0.5) await host.program.until('done')
        await delay(Math.random() * (inMachine ? 1000 : 150))
        if (victim !== 'the daemon') killHard(await launcherOf(options.storageRoot))
        for (const [id, name] of await host.kill()) {
          expect(names.get(id) ?? name).toBe(name)
          names.set(id, name)
        }
      }
      const jobs = await openJobs(options)
      for (let number = 0; number < count; number++) {
        const { name } = await jobs.start({ ...orderOf(folder, number), requestId: String(number) })
        expect(names.get(String(number)) ?? name).toBe(name)
        names.set(String(number), name)
      }
      expect(new Set(names.values()).size).toBe(count)
      for (let number = 0; number < count; number++) await expectTruth(jobs, folder, number, names.get(String(number))!)
      expect(jobs.all().map(({ name }) => name)).toEqual([...names.values()].toSorted())
      await expectEvents(jobs)
    },
  )
}

test(
  'kill -9 of the daemon while jobs are stopped and removed: what was acknowledged has happened',
  { timeout },
  async ({ folder, openJobs, openRunner }) => {
    const options = { storageRoot: join(folder, 'root'), maxActive: 8, minFreeBytes: 0 }
    const [stopped, removed] = [new Set<string>(), new Set<string>()]
    /** Of which a removal was asked for: whether it was begun nobody knows until it is acknowledged. */
    const leaving = new Set<string>()
    const names = Array.from({ length: rounds(30) }, (_, number) => `job-${number}`)
    const started = new Set<string>()
    for (let round = 0; round < rounds(8); round++) {
      await using host = await JobsHost.open(options)
      const restart = { mode: 'always', backoffMs: 100, backoffMaxMs: 100 } as const
      for (const name of names.slice(0, (round + 1) * 5)) {
        if (leaving.has(name)) continue
        const config = { name, command: ['sleep', `0.${name.length}`] }
        if (!started.has(name)) host.tell(`start-${name}`, 'start', JSON.stringify(order(config, { restart })))
        else if (Math.random() < 0.4) host.tell(`stop-${name}`, 'stop', name)
        else if (Math.random() < 0.3) {
          leaving.add(name)
          host.tell(`remove-${name}`, 'remove', name)
        }
      }
      await host.program.until('done')
      await delay(Math.random() * (inMachine ? 1000 : 150))
      for (const [id, name] of await host.kill()) {
        if (id.startsWith('start')) started.add(name)
        else if (id.startsWith('stop')) stopped.add(name)
        else removed.add(name)
      }
    }
    const jobs = await openJobs(options)
    const found = new Map(jobs.all().map(({ name, active, state, attempt }) => [name, { active, state, attempt }]))
    for (const name of removed) expect(found.has(name)).toBe(false)
    for (const name of stopped.difference(leaving)) {
      expect(found.get(name)?.active).toBe(false)
      expect(found.get(name)?.state).not.toBe('restarting')
    }
    for (const name of started.difference(leaving)) expect(found.has(name)).toBe(true)
    for (const { name } of jobs.all()) await jobs.remove(name, { force: true })
    expect(await (await openRunner({ onExit: 'keep' })).list()).toEqual([])
  },
)

/** A job has run as often as it was to, and its output is that of all attempts. */
async function expectTruth(jobs: JobManager, folder: string, number: number, name: string): Promise<void> {
  const status = await jobs.wait(name, never)
  const starts = startsOf(number)
  const found = {
    name,
    state: status.state,
    exitStatus: status.exitStatus,
    attempt: status.attempt,
    owner: status.owner,
  }
  expect(found).toEqual({
    name,
    state: 'exited',
    exitStatus: number % 4,
    attempt: starts,
    owner: `owner-${number % 3}`,
  })
  expect(status.attempts.map((attempt) => attempt.number)).toEqual([1, 2, 3].slice(0, starts))
  expect(await readFile(join(folder, 'ran', String(number)), 'utf8')).toBe(`${number}\n`.repeat(starts))
  expect(await outputOf(jobs, name)).toBe(`out-${number}\n`.repeat(starts))
}

/** Every start and every end was told once. */
async function expectEvents(jobs: JobManager): Promise<void> {
  const told: string[] = []
  const leave = new AbortController()
  // From before everything: the first token of the journal.
  const first = (await jobs.watch(undefined, never)[Symbol.asyncIterator]().next()).value!.token.split('.')[0]!
  const expected = jobs.all().flatMap(marksOf).toSorted()
  for await (const { event } of jobs.watch(`${first}.0`, leave.signal)) {
    if (event?.type === 'started' || event?.type === 'exited')
      told.push(`${event.name} ${event.type} ${event.at.getTime()}`)
    if (told.length === expected.length) break
  }
  expect(told.toSorted()).toEqual(expected)
}

function marksOf({ name, attempts }: ManagedSummary): string[] {
  return attempts.flatMap(({ startedAt, finishedAt }) => [
    `${name} started ${startedAt!.getTime()}`,
    `${name} exited ${finishedAt!.getTime()}`,
  ])
}
