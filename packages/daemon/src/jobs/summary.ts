import type { ManagedAttempt, ManagedState, ManagedSummary } from '@corral/api'

import { type ManagedJob, storedAttempt } from './job.ts'
import type { SizedStatus } from './output/sizes.ts'
import type { JobRecord, StoredAttempt } from './record/record.ts'

/** What is said of a job; `queuePosition` while it is queued. */
export function summarize(job: ManagedJob, queuePosition: number | null): ManagedSummary {
  if (!job.hasEnded) return makeSummary(job, queuePosition)
  job.lastSummary ??= makeSummary(job, null)
  return job.lastSummary
}

function makeSummary(job: ManagedJob, queuePosition: number | null): ManagedSummary {
  const { record, current } = job
  const attempts = record.attempts.map(managedAttempt)
  if (current) attempts.push(managedAttempt(storedAttempt(current)))
  const state = stateOf(job)
  const outputBytes = job.shelvedBytes + (current?.status.outputBytes ?? 0)
  return {
    ...(current?.status ?? statusOfLast(record)),
    name: record.name,
    state,
    active: state === 'active',
    startedAt: attempts.at(-1)?.startedAt ?? null,
    finishedAt: job.finishedAt,
    outputBytes,
    outputDroppedBytes: outputBytes - job.keptBytes,
    command: record.command,
    labels: record.labels,
    owner: record.owner,
    createdAt: new Date(record.createdAt),
    restart: record.restart,
    attempts,
    attempt: current?.number ?? record.starts,
    priority: record.priority,
    queuePosition: state === 'queued' ? queuePosition : null,
    restartAt: state === 'restarting' && record.plan.do === 'restart' ? new Date(record.plan.at) : null,
    failure: failureOf(job),
  }
}

/** A start that is under way shows as what the job has waited for. */
export function stateOf({ phase, record: { plan, attempts }, current }: ManagedJob): ManagedState {
  if (phase === 'active') return 'active'
  if (phase === 'ended' && plan.do === 'nothing') return plan.state
  if (phase === 'ended') return current?.status.state ?? attempts.at(-1)?.state ?? 'lost'
  return phase === 'restarting' || plan.do === 'restart' ? 'restarting' : 'queued'
}

function failureOf({ phase, record: { plan, attempts }, current }: ManagedJob): ManagedSummary['failure'] {
  if (phase === 'ended' && plan.do === 'nothing') return plan.failure
  return current ? null : (attempts.at(-1)?.failure ?? null)
}

function managedAttempt(attempt: StoredAttempt): ManagedAttempt {
  const { number, state, exitStatus, signal, outputBytes, failure } = attempt
  const [startedAt, finishedAt] = [toDate(attempt.startedAt), toDate(attempt.finishedAt)]
  return { number, state, exitStatus, signal, startedAt, finishedAt, outputBytes, failure }
}

/** How the last attempt that is over ended, of a job that has no current one. */
function statusOfLast(record: JobRecord): Omit<SizedStatus, 'name' | 'state' | 'active' | 'startedAt' | 'finishedAt'> {
  const last = record.attempts.at(-1)
  return {
    exitStatus: last?.exitStatus ?? null,
    signal: last?.signal ?? null,
    oom: last?.state === 'oom',
    oomKills: 0,
    timedOut: last?.state === 'timed-out',
    pid: null,
    usage: null,
    collected: [],
    outputBytes: 0,
    outputDroppedBytes: 0,
  }
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
