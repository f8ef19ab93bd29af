import type { JobStatus } from '@corral/runner'
import { expect, test } from 'vitest'

import { endedJob } from '../ended-job.fixture.ts'
import { exitStatusOf } from './exit-status.ts'
import { remarkOn } from './remark.ts'

const killed = { exitStatus: null, signal: 'SIGKILL' } as const

test.each<[number, Partial<JobStatus>]>([
  [0, {}],
  [7, { exitStatus: 7 }],
  [143, { state: 'signaled', exitStatus: null, signal: 'SIGTERM' }],
  [137, { state: 'oom', oom: true, ...killed }],
  [137, { state: 'stopped', ...killed }],
  [0, { state: 'stopped', exitStatus: 0 }],
  [124, { state: 'timed-out', timedOut: true, ...killed }],
  [124, { state: 'timed-out', timedOut: true, exitStatus: 0 }],
  [125, { state: 'lost', exitStatus: null }],
  [163, { state: 'signaled', exitStatus: null, signal: 'SIGRTMIN+1' as NodeJS.Signals }],
])('%i for %j', (status, job) => expect(exitStatusOf(endedJob(job))).toBe(status))

test.each<[string | undefined, Partial<JobStatus>]>([
  [undefined, {}],
  [undefined, { state: 'signaled', exitStatus: null, signal: 'SIGTERM' }],
  ['job.x was killed for memory (memory-max 64M)', { state: 'oom', oomKills: 1 }],
  ['job.x had 2 processes killed for memory (memory-max 64M)', { oomKills: 2 }],
  ['job.x ran out of time (timeout 30s)', { state: 'timed-out' }],
  ['job.x was stopped', { state: 'stopped' }],
])('%j for %j', (remark, job) => expect(remarkOn(endedJob(job), '64M', 30_000)).toBe(remark))
