import { createHash } from 'node:crypto'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { type Runner, RemoteRunner } from '@corral/client'
import { expect } from 'vitest'

import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { jobCgroups, test } from '../support/test.ts'
import { planJobs, type PlannedJob } from './plan.ts'

const jobs = Number(process.env['CORRAL_CHAOS_JOBS'] ?? 500)
const clients = 8
const timeout = 600_000

/** What is known beforehand of a job. */
type Planned = Omit<PlannedJob, 'config'>

/** What somebody learned of a job of theirs. */
interface Outcome extends Planned {
  name: string
}

test(
  'each acknowledged job has its one true outcome, however often the daemon is killed',
  { timeout },
  async ({ folder }) => {
    const mark = join(folder, 'marks')
    await appendFile(mark, '')
    const plan = planJobs(jobs, mark)
    await using daemon = await startDaemon({ folder: join(folder, 'daemon'), tls: true })
    await using stack = new AsyncDisposableStack()
    const runners = await openClients(daemon, stack)
    const done = new AbortController()
    const kills = killAgainAndAgain(daemon, done.signal)
    const outcomes = await runAll(runners, plan).finally(() => done.abort())
    process.stdout.write(`chaos: ${jobs} jobs, the daemon was killed ${await kills} times\n`)
    expect(outcomes.map(whatCameOf).toSorted(byIndex)).toEqual(plan.map(whatCameOf))
    const marks = (await readFile(mark, 'utf8')).trim().split('\n').map(Number)
    expect(marks.toSorted((a, b) => a - b)).toEqual(plan.map(({ index }) => index))
    await expectOutputsKept(runners[0]!, outcomes)
    await removeAll(runners, outcomes)
    expect(await runners[0]!.list()).toEqual([])
    expect(await jobCgroups(daemon.storageRoot)).toEqual([])
    expect(await readdir(join(daemon.storageRoot, 'jobs'))).toEqual([])
    expect(await readdir(join(daemon.storageRoot, 'daemon/jobs'))).toEqual([])
  },
)

/** Half of them over TLS, half over the socket. */
async function openClients(daemon: TestDaemon, stack: AsyncDisposableStack): Promise<RemoteRunner[]> {
  const reconnect = { maxMs: 500, giveUpAfterMs: timeout }
  return Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      const where = at % 2 === 0 ? { host: daemon.host } : { host: daemon.tlsHost, tls: daemon.admin }
      return stack.use(await RemoteRunner.connect({ ...where, reconnect }))
    }),
  )
}

/**
 * Kills the daemon up to two seconds after it was ready, and now and then while it is still on its way; how often. It is
 * left running.
 */
async function killAgainAndAgain(daemon: TestDaemon, signal: AbortSignal): Promise<number> {
  let kills = 0
  while (!signal.aborted) {
    await delay(Math.random() * 2000, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    await daemon.kill()
    kills++
    if (kills % 5 === 0) await killOnItsWay(daemon)
    await daemon.start()
  }
  return kills
}

/** Starts the daemon, and kills it before it is ready, or just then. */
async function killOnItsWay(daemon: TestDaemon): Promise<void> {
  const before = daemon.process
  const started = daemon.start().catch(() => {})
  while (daemon.process === before) await delay(1)
  await Promise.race([delay(Math.random() * 600), started])
  await daemon.kill()
  await started
}

async function runAll(runners: readonly Runner[], plan: readonly PlannedJob[]): Promise<Outcome[]> {
  return (await Promise.all(runners.map((runner, at) => runShare(runner, plan, at)))).flat()
}

/** One client's part of the jobs: started, read and waited for, a dozen side by side. */
async function runShare(runner: Runner, plan: readonly PlannedJob[], client: number): Promise<Outcome[]> {
  const share = plan.filter(({ index }) => index % clients === client)
  const outcomes: Outcome[] = []
  const work = async (): Promise<void> => {
    for (let job = share.shift(); job; job = share.shift()) outcomes.push(await runPlanned(runner, job))
  }
  await Promise.all(Array.from({ length: 12 }, work))
  return outcomes
}

async function runPlanned(runner: Runner, { index, config }: PlannedJob): Promise<Outcome> {
  const name = await runner.start(config)
  const [{ bytes, sha256 }, status] = await Promise.all([digest(runner, name), runner.wait(name)])
  const { state, exitStatus, signal } = status
  expect(state).not.toMatch(/queued|restarting|failed/)
  return { name, index, bytes, sha256, state: state as PlannedJob['state'], exitStatus, signal }
}

/** Reads an output to its end, by one reader that goes on wherever it was cut off. */
async function digest(runner: Runner, name: string): Promise<Pick<PlannedJob, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of runner.output(name)) {
    bytes += chunk.length
    hash.update(chunk)
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function expectOutputsKept(runner: Runner, outcomes: readonly Outcome[]): Promise<void> {
  for (const { name, sha256 } of outcomes) expect({ name, ...(await digest(runner, name)) }).toMatchObject({ sha256 })
}

async function removeAll(runners: readonly Runner[], outcomes: readonly Outcome[]): Promise<void> {
  await Promise.all(outcomes.map(({ name }, at) => runners[at % runners.length]!.stop(name)))
}

function whatCameOf({ index, bytes, sha256, state, exitStatus, signal }: Planned): Planned {
  return { index, bytes, sha256, state, exitStatus, signal }
}

function byIndex(a: Planned, b: Planned): number {
  return a.index - b.index
}
