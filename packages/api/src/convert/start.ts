import { create } from '@bufbuild/protobuf'
import type { JobConfig } from '@corral/runner'

import { type StartRequest, StartRequestSchema, WhenFull } from '../gen/corral/v1/job_service_pb.ts'
import type { ManagedStartOptions } from '../managed.ts'
import { choice } from './choice.ts'
import { FieldError } from './field-error.ts'
import { jobConfigFromProto, jobConfigToProto } from './job-config.ts'
import { present } from './present.ts'
import { restartFromProto, restartToProto } from './restart.ts'
import { streamsInput } from './stdin.ts'

const whenFulls = choice<'queue' | 'refuse', WhenFull>({ queue: WhenFull.QUEUE, refuse: WhenFull.REFUSE })

/** A start, as the daemon's side sees it. */
export interface StartFields extends ManagedStartOptions {
  config: JobConfig
  /** Absent: each request starts a job. */
  requestId?: string
  /** Its standard input comes in messages of its own. */
  streamsInput: boolean
}

/** @throws {FieldError} by the option's name. */
export function startRequestToProto(options: JobConfig & ManagedStartOptions, requestId: string): StartRequest {
  const { restart, priority = 0, whenFull, ...config } = options
  if (!isInt32(priority)) throw new FieldError('priority', priority, acceptedPriority)
  return create(StartRequestSchema, {
    requestId,
    config: jobConfigToProto(config),
    restart: restart && restartToProto(restart),
    priority,
    whenFull: whenFull === undefined ? WhenFull.UNSPECIFIED : whenFulls.toProto('whenFull', whenFull),
  })
}

/** @throws {FieldError} by the field's path in the request. */
export function startRequestFromProto(request: StartRequest): StartFields {
  const { config, requestId, restart, priority, whenFull } = request
  if (!config) throw new FieldError('config', config, "a job's configuration")
  return present<StartFields>({
    config: jobConfigFromProto(config),
    requestId: requestId === '' ? undefined : requestId,
    streamsInput: streamsInput(config.stdin),
    restart: restart && restartFromProto(restart),
    priority: priority === 0 ? undefined : priority,
    // The value that says nothing is the documented default's.
    whenFull: whenFull === WhenFull.UNSPECIFIED ? undefined : whenFulls.fromProto('when_full', whenFull),
  })
}

const acceptedPriority = `a whole number from ${-(2 ** 31)} to ${2 ** 31 - 1}`

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value
}
