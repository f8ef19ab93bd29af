import { create } from '@bufbuild/protobuf'

import { type JobEvent, JobEventSchema, JobEventType } from '../gen/corral/v1/status_pb.ts'
import type { ManagedEvent } from '../managed.ts'
import { choice } from './choice.ts'
import { FieldError } from './field-error.ts'
import { summaryFromProto, summaryToProto } from './summary.ts'
import { dateFromProto, dateToProto } from './time.ts'

const types = choice<ManagedEvent['type'], JobEventType>({
  queued: JobEventType.QUEUED,
  started: JobEventType.STARTED,
  oom: JobEventType.OOM,
  exited: JobEventType.EXITED,
  removed: JobEventType.REMOVED,
  failed: JobEventType.FAILED,
})

export function eventToProto(event: ManagedEvent): JobEvent {
  return create(JobEventSchema, {
    type: types.toProto('type', event.type),
    name: event.name,
    at: dateToProto(event.at),
    pid: event.type === 'started' ? event.pid : undefined,
    job: 'status' in event ? summaryToProto(event.status) : undefined,
  })
}

export function eventFromProto(message: JobEvent, at = 'event'): ManagedEvent {
  const type = types.fromProto(`${at}.type`, message.type)
  const common = { name: message.name, at: dateFromProto(`${at}.at`, message.at) }
  if (type === 'queued' || type === 'removed') return { type, ...common }
  if (type === 'started') {
    if (message.pid === undefined) throw new FieldError(`${at}.pid`, message.pid, 'a process id')
    return { type, ...common, pid: message.pid }
  }
  if (!message.job) throw new FieldError(`${at}.job`, message.job, "the job's status")
  return { type, ...common, status: summaryFromProto(message.job, `${at}.job`) }
}
