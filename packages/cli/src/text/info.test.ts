import type { ManagedInfo } from '@corral/api'
import { expect, test } from 'vitest'

import { describeDaemon } from './info.ts'

const info: ManagedInfo = {
  version: '1.2.3',
  startedAt: new Date('2026-01-01T10:00:00Z'),
  uptimeMs: 3_600_000,
  draining: false,
  identity: 'alice',
  role: 'operator',
  hostname: 'box',
  kernel: '6.1.0',
  architecture: 'x64',
  cpus: 8,
  memoryBytes: 16 * 1024 ** 3,
  cgroupLayout: 'unified',
  storageRoot: '/var/lib/corral',
  jobs: { active: 2, queued: 1 },
  maxActive: null,
  quota: { bounds: {}, usage: { jobs: 2, memoryBytes: 1024 ** 3, cpus: 1.5, outputBytes: 0, startsInLastMinute: 3 } },
}

test('a daemon is described in lines', () => {
  const lines = describeDaemon({ host: 'https://box:7411', via: 'the context box' }, info).split('\n')
  expect(lines).toEqual([
    'daemon     https://box:7411 (the context box)',
    'version    1.2.3',
    'up         1h',
    'you        alice, operator',
    'host       box, Linux 6.1.0, x64, 8 CPUs, 16G',
    'cgroups    unified',
    'storage    /var/lib/corral',
    'jobs       2 active, 1 queued',
    '',
  ])
})

test('bounds, and that it drains, are said where it is so', () => {
  const quota = { ...info.quota, bounds: { maxJobs: 20, maxMemoryBytes: 16 * 1024 ** 3, maxCpus: 8 } }
  const text = describeDaemon({ host: 'h', via: 'v' }, { ...info, draining: true, maxActive: 50, quota })
  expect(text).toMatch(/^up +1h, and draining: it takes no new jobs$/m)
  expect(text).toMatch(/^at once +at most 50 jobs$/m)
  expect(text).toMatch(/^quota +2 of 20 jobs\nquota +1G of 16G memory\nquota +1.5 of 8 CPUs$/m)
})
