import type { JobSummary } from '@corral/runner'

import type { JobRecord } from '../record/record.ts'

/** The record of a job that has none: the library has started it for somebody else, or its record was damaged. */
export function adoptedRecord({ name, startedAt, command, labels }: JobSummary): JobRecord {
  return {
    version: 1,
    name,
    owner: '',
    requestId: null,
    fingerprint: null,
    createdAt: startedAt.getTime(),
    restart: { mode: 'never' },
    priority: 0,
    streamsInput: false,
    command,
    labels,
    demand: { memoryBytes: null, cpus: null },
    quota: {},
    promised: false,
    plan: { do: 'start' },
    attempts: [],
    starts: 0,
    forgottenBytes: 0,
    quickRestarts: 0,
    stop: null,
  }
}
