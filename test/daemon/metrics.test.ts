import { join } from 'node:path'

import { describe, expect } from 'vitest'

import {
  Metrics,
  type MetricsOptions,
  MetricsServer,
  type MetricsServerOptions,
} from '../../packages/daemon/src/metrics/index.ts'
import type { JobManager } from '../../packages/daemon/src/jobs/index.ts'
import { eventually } from '../support/eventually.ts'
import { never, order, test as base } from './job-managers.ts'
import { ask, parse, type Samples } from './scrapes.ts'

interface MetricsFixtures {
  /** Metrics of a test's jobs. */
  watched: (options?: Partial<MetricsOptions>) => Promise<{ jobs: JobManager; samples: () => Promise<Samples> }>
}

const test = base.extend<MetricsFixtures>({
  watched: async ({ openJobs }, use) => {
    const stop = new AbortController()
    await use(async (options) => {
      const metrics = new Metrics({ version: '1.2.3', ...options })
      const jobs = await openJobs({ onStarted: (ms) => metrics.jobStarted(ms) })
      metrics.attach({ jobs, signal: stop.signal, log: { error: (fields) => expect(fields).toBeUndefined() } })
      return { jobs, samples: async () => parse((await metrics.text()).body) }
    })
    stop.abort()
  },
})

describe('metrics', () => {
  test('count jobs by state, their starts, ends, output and use', async ({ watched }) => {
    const { jobs, samples } = await watched({ jobLabels: ['team', 'x.y'] })
    const loud = await jobs.start(
      order({
        command: ['sh', '-c', 'head -c 100000 /dev/zero; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'],
        labels: { team: 'a' },
      }),
    )
    const quiet = await jobs.start(
      order({ command: ['sleep', 'infinity'], labels: { team: 'a' } }, { owner: 'bo"b\n' }),
    )
    await jobs.wait(loud.name, never)
    const first = await eventually(async () => {
      const seen = await samples()
      expect(seen['corral_job_ends_total{state="exited"}']).toBe(1)
      return seen
    })
    expect(first).toMatchObject({
      'corral_jobs{state="active"}': 1,
      'corral_jobs{state="exited"}': 1,
      'corral_jobs{state="lost"}': 0,
      corral_queue_length: 0,
      corral_start_seconds_count: 2,
      'corral_output_bytes_total{owner="alice",label_team="a",label_x_y=""}': 100_000,
      'corral_jobs_running{owner="bo\\"b\\n",label_team="a",label_x_y=""}': 1,
      'corral_job_processes{owner="bo\\"b\\n",label_team="a",label_x_y=""}': 1,
      'corral_build_info{version="1.2.3"}': 1,
    })
    expect(first['corral_job_cpu_seconds_total{owner="alice",label_team="a",label_x_y=""}']).toBeGreaterThan(0)
    expect(first['corral_job_memory_bytes{owner="bo\\"b\\n",label_team="a",label_x_y=""}']).toBeGreaterThan(0)
    expect(first['process_resident_memory_bytes']).toBeGreaterThan(0)
    await jobs.stop(quiet.name, {})
    await eventually(async () => {
      const seen = await samples()
      expect(seen['corral_jobs{state="stopped"}']).toBe(1)
      expect(seen['corral_jobs_running{owner="bo\\"b\\n",label_team="a",label_x_y=""}']).toBeUndefined()
    })
  })

  test('have an end to their series, and count nothing twice', async ({ watched }) => {
    const { jobs, samples } = await watched({ perJob: true, maxSeries: 2 })
    const command = ['sh', '-c', 'echo 123456789; read end']
    const names = await Promise.all(
      [1, 2, 3, 4].map(async () => (await jobs.start(order({ command }, { streamsInput: true }))).name),
    )
    const running = (seen: Samples) => Object.entries(seen).filter(([name]) => name.startsWith('corral_jobs_running'))
    await eventually(async () => {
      const seen = await samples()
      expect(
        running(seen)
          .map(([, value]) => value)
          .toSorted(),
      ).toEqual([1, 1, 2])
      expect(seen['corral_jobs_running{owner="(other)",name=""}']).toBe(2)
      expect(totalOf(seen, 'corral_output_bytes_total')).toBe(40)
    })
    for (const name of names) await jobs.stop(name, {})
    await eventually(async () => {
      const seen = await samples()
      expect(seen['corral_job_ends_total{state="stopped"}']).toBe(4)
      expect(running(seen)).toEqual([])
      expect(totalOf(seen, 'corral_output_bytes_total')).toBe(40)
    })
  })
})

function totalOf(seen: Samples, metric: string): number {
  const values = Object.entries(seen).filter(([name]) => name.startsWith(`${metric}{`))
  return values.reduce((sum, [, value]) => sum + value, 0)
}

describe('the listener', () => {
  const serve = (options: Partial<MetricsServerOptions>) =>
    MetricsServer.open({ listen: { port: 0 }, metrics: new Metrics({ version: '1' }), isReady: () => true, ...options })

  test('is on the loopback unless it is told otherwise, and tells whether the daemon lives and is ready', async () => {
    let isReady = false
    await using server = await serve({ isReady: () => isReady })
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/)
    const { status, body } = await ask(server.address, '/metrics')
    expect(status).toBe(200)
    expect(parse(body)).toMatchObject({ 'corral_jobs{state="active"}': 0, corral_connections: 0 })
    expect(await ask(server.address, '/healthz')).toEqual({ status: 200, body: 'ok\n' })
    expect(await ask(server.address, '/readyz')).toMatchObject({ status: 503 })
    isReady = true
    expect(await ask(server.address, '/readyz?x=1')).toMatchObject({ status: 200 })
    expect(await ask(server.address, '/')).toMatchObject({ status: 404 })
    expect(await ask(server.address, '/metrics', 'POST')).toMatchObject({ status: 405 })
  })

  test('is on a Unix socket, in the place of one that a dead daemon has left', async ({ folder }) => {
    const path = join(folder, 'metrics.sock')
    {
      await using server = await serve({ listen: { path, mode: 0o600 } })
      expect(await ask(server.address, '/healthz')).toMatchObject({ status: 200 })
    }
    await using again = await serve({ listen: { path } })
    expect(again.address).toBe(path)
    await expect(serve({ listen: { path } })).rejects.toThrow('somebody listens there')
  })
})
