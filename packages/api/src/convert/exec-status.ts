import { create } from '@bufbuild/protobuf'
import type { ExecState as LibraryState, ExecStatus as LibraryStatus, Signal } from '@corral/runner'

import { ExecState, type ExecStatus, ExecStatusSchema } from '../gen/corral/v1/status_pb.ts'
import { choice } from './choice.ts'
import { dateFromProto, dateOrNullFromProto, dateOrNullToProto, dateToProto } from './time.ts'

const states = choice<LibraryState, ExecState>({
  exited: ExecState.EXITED,
  signaled: ExecState.SIGNALED,
  'timed-out': ExecState.TIMED_OUT,
  'job-ended': ExecState.JOB_ENDED,
  lost: ExecState.LOST,
})

export function execStatusToProto(status: LibraryStatus): ExecStatus {
  return create(ExecStatusSchema, {
    state: states.toProto('state', status.state),
    exitStatus: status.exitStatus ?? undefined,
    signal: status.signal ?? undefined,
    startedAt: dateToProto(status.startedAt),
    finishedAt: dateOrNullToProto(status.finishedAt),
  })
}

export function execStatusFromProto(message: ExecStatus, at = 'exec'): LibraryStatus {
  return {
    state: states.fromProto(`${at}.state`, message.state),
    exitStatus: message.exitStatus ?? null,
    signal: (message.signal as Signal | undefined) ?? null,
    startedAt: dateFromProto(`${at}.started_at`, message.startedAt),
    finishedAt: dateOrNullFromProto(`${at}.finished_at`, message.finishedAt),
  }
}
