import { join } from 'node:path'

import { expect } from 'vitest'

import { eventually } from '../support/eventually.ts'
import { callerOf, refusalOf } from './callers.ts'
import { test } from './fixture.ts'
import { ask, parse } from './scrapes.ts'

test('a daemon tells what it does, on a listener of its own', async ({ openDaemon, folder }) => {
  const path = join(folder, 'metrics.sock')
  const identity = [{ match: 'alice', role: 'operator' }]
  const metrics = { listen: path, jobLabels: ['team'] }
  const daemon = await openDaemon({ tls: true, config: { identity, metrics } })
  const samples = async () => parse((await ask(path, '/metrics')).body)
  expect(await ask(path, '/healthz')).toMatchObject({ status: 200 })
  expect(await ask(path, '/readyz')).toMatchObject({ status: 200 })

  const [alice, eve] = [await callerOf(daemon, 'alice'), await callerOf(daemon, 'eve')]
  const command = ['sh', '-c', 'echo 0123456789; sleep infinity']
  const { job } = await alice.start({ config: { command, labels: { team: 'a' } } })
  const { name } = job!
  await refusalOf(alice.get({ name: 'none' }))
  await refusalOf(eve.list({}))
  const stop = new AbortController()
  const output = alice.output({ name, follow: true }, { signal: stop.signal })[Symbol.asyncIterator]()
  await output.next()
  await eventually(async () => {
    expect(await samples()).toMatchObject({
      'corral_jobs{state="active"}': 1,
      corral_start_seconds_count: 1,
      corral_connections: 2,
      'corral_streams{method="Output"}': 1,
      'corral_rpcs_total{method="Start",code="ok"}': 1,
      'corral_rpcs_total{method="Get",code="not_found"}': 1,
      'corral_rpcs_total{method="List",code="permission_denied"}': 1,
      corral_output_sent_bytes_total: 11,
      'corral_output_bytes_total{owner="alice",label_team="a"}': 11,
      'corral_jobs_running{owner="alice",label_team="a"}': 1,
    })
  })
  stop.abort()
  await expect(output.next()).rejects.toThrow('canceled')
  await alice.stop({ name })
  await eventually(async () => {
    expect(await samples()).toMatchObject({
      'corral_streams{method="Output"}': 0,
      'corral_job_ends_total{state="stopped"}': 1,
      'corral_jobs{state="active"}': 0,
    })
  })
})
