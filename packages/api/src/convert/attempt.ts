import { create } from '@bufbuild/protobuf'
import type { Signal } from '@corral/runner'

import { type Attempt, AttemptSchema, type Failure, FailureSchema } from '../gen/corral/v1/status_pb.ts'
import type { ManagedAttempt, ManagedFailure } from '../managed.ts'
import { numberFromProto, numberToProto } from './number.ts'
import { stateFromProto, stateToProto } from './state.ts'
import { dateOrNullFromProto, dateOrNullToProto } from './time.ts'

export function attemptToProto(attempt: ManagedAttempt): Attempt {
  return create(AttemptSchema, {
    number: attempt.number,
    state: stateToProto(attempt.state),
    exitStatus: attempt.exitStatus ?? undefined,
    signal: attempt.signal ?? undefined,
    startedAt: dateOrNullToProto(attempt.startedAt),
    finishedAt: dateOrNullToProto(attempt.finishedAt),
    outputBytes: numberToProto('outputBytes', attempt.outputBytes),
    failure: failureToProto(attempt.failure),
  })
}

export function attemptFromProto(message: Attempt, at: string): ManagedAttempt {
  return {
    number: message.number,
    state: stateFromProto(`${at}.state`, message.state),
    exitStatus: message.exitStatus ?? null,
    signal: (message.signal as Signal | undefined) ?? null,
    startedAt: dateOrNullFromProto(`${at}.started_at`, message.startedAt),
    finishedAt: dateOrNullFromProto(`${at}.finished_at`, message.finishedAt),
    outputBytes: numberFromProto(`${at}.output_bytes`, message.outputBytes),
    failure: failureFromProto(message.failure),
  }
}

export function failureToProto(failure: ManagedFailure | null): Failure | undefined {
  return failure ? create(FailureSchema, { code: failure.code, message: failure.message }) : undefined
}

export function failureFromProto(message: Failure | undefined): ManagedFailure | null {
  return message ? { code: message.code, message: message.message } : null
}
