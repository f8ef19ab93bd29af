import { create } from '@bufbuild/protobuf'
import type { Signal } from '@corral/runner'

import { type Job, JobSchema } from '../gen/corral/v1/status_pb.ts'
import type { ManagedSummary } from '../managed.ts'
import { attemptFromProto, attemptToProto, failureFromProto, failureToProto } from './attempt.ts'
import { collectedFromProto, collectedToProto } from './collected.ts'
import { numberFromProto, numberToProto } from './number.ts'
import { restartFromProto, restartToProto } from './restart.ts'
import { stateFromProto, stateToProto } from './state.ts'
import { dateFromProto, dateOrNullFromProto, dateOrNullToProto, dateToProto } from './time.ts'
import { usageFromProto, usageToProto } from './usage.ts'

/** A job's status and what it was started with. */
export function summaryToProto(job: ManagedSummary): Job {
  return create(JobSchema, {
    name: job.name,
    owner: job.owner,
    state: stateToProto(job.state),
    exitStatus: job.exitStatus ?? undefined,
    signal: job.signal ?? undefined,
    oom: job.oom,
    oomKills: numberToProto('oomKills', job.oomKills),
    timedOut: job.timedOut,
    createdAt: dateToProto(job.createdAt),
    startedAt: dateOrNullToProto(job.startedAt),
    finishedAt: dateOrNullToProto(job.finishedAt),
    pid: job.pid ?? undefined,
    usage: job.usage ? usageToProto(job.usage) : undefined,
    collected: job.collected.map(collectedToProto),
    command: [...job.command],
    labels: { ...job.labels },
    outputBytes: numberToProto('outputBytes', job.outputBytes),
    outputDroppedBytes: numberToProto('outputDroppedBytes', job.outputDroppedBytes),
    restart: restartToProto(job.restart),
    attempts: job.attempts.map(attemptToProto),
    attempt: job.attempt,
    priority: job.priority,
    queuePosition: job.queuePosition ?? undefined,
    restartAt: dateOrNullToProto(job.restartAt),
    failure: failureToProto(job.failure),
  })
}

/** @throws {FieldError} for what this schema does not know, such as a state of a later one. */
export function summaryFromProto(message: Job, at = 'job'): ManagedSummary {
  const state = stateFromProto(`${at}.state`, message.state)
  return {
    name: message.name,
    owner: message.owner,
    state,
    active: state === 'active',
    exitStatus: message.exitStatus ?? null,
    signal: (message.signal as Signal | undefined) ?? null,
    oom: message.oom,
    oomKills: numberFromProto(`${at}.oom_kills`, message.oomKills),
    timedOut: message.timedOut,
    createdAt: dateFromProto(`${at}.created_at`, message.createdAt),
    startedAt: dateOrNullFromProto(`${at}.started_at`, message.startedAt),
    finishedAt: dateOrNullFromProto(`${at}.finished_at`, message.finishedAt),
    pid: message.pid ?? null,
    usage: message.usage ? usageFromProto(message.usage, `${at}.usage`) : null,
    collected: message.collected.map((each, index) => collectedFromProto(each, `${at}.collected[${index}]`)),
    command: message.command,
    labels: message.labels,
    outputBytes: numberFromProto(`${at}.output_bytes`, message.outputBytes),
    outputDroppedBytes: numberFromProto(`${at}.output_dropped_bytes`, message.outputDroppedBytes),
    restart: message.restart ? restartFromProto(message.restart, `${at}.restart`) : { mode: 'never' },
    attempts: message.attempts.map((each, index) => attemptFromProto(each, `${at}.attempts[${index}]`)),
    attempt: message.attempt,
    priority: message.priority,
    queuePosition: message.queuePosition ?? null,
    restartAt: dateOrNullFromProto(`${at}.restart_at`, message.restartAt),
    failure: failureFromProto(message.failure),
  }
}
