import type { ManagedSummary } from '@corral/api'
import { expect, test } from 'vitest'

import { managedJob } from '../managed-job.fixture.ts'
import { describeState } from './state.ts'

const now = new Date('2026-01-01T10:00:10Z')

test.each<[string, Partial<ManagedSummary>]>([
  ['active for 10s', { state: 'active', active: true }],
  ['active for 10s (attempt 3)', { state: 'active', active: true, attempt: 3 }],
  ['queued', { state: 'queued', startedAt: null, queuePosition: 0 }],
  ['queued, 2 before it', { state: 'queued', startedAt: null, queuePosition: 2 }],
  ['restarting in 4s (attempt 2)', { state: 'restarting', restartAt: new Date('2026-01-01T10:00:14Z') }],
  ['exited 0', {}],
  ['failed', { state: 'failed', failure: { code: 'COMMAND_NOT_FOUND', message: 'no such command' } }],
])('%s', (text, job) => expect(describeState(managedJob(job), now)).toBe(text))
