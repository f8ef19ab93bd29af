import type { ManagedSummary } from '@corral/api'

import { endedJob } from './ended-job.fixture.ts'

/** A daemon's job that has ended well, for specs to change. */
export function managedJob(differences: Partial<ManagedSummary> = {}): ManagedSummary {
  return {
    ...endedJob(),
    outputBytes: 0,
    outputDroppedBytes: 0,
    command: ['true'],
    labels: {},
    owner: 'alice',
    createdAt: new Date('2026-01-01T09:59:59Z'),
    restart: { mode: 'never' },
    attempts: [],
    attempt: 1,
    priority: 0,
    queuePosition: null,
    restartAt: null,
    failure: null,
    ...differences,
  }
}
