import { JobState } from '../gen/corral/v1/status_pb.ts'
import type { ManagedState } from '../managed.ts'
import { choice } from './choice.ts'

const states = choice<ManagedState, JobState>({
  queued: JobState.QUEUED,
  active: JobState.ACTIVE,
  restarting: JobState.RESTARTING,
  exited: JobState.EXITED,
  signaled: JobState.SIGNALED,
  oom: JobState.OOM,
  'timed-out': JobState.TIMED_OUT,
  stopped: JobState.STOPPED,
  lost: JobState.LOST,
  failed: JobState.FAILED,
})

export function stateToProto(state: ManagedState, option = 'state'): JobState {
  return states.toProto(option, state)
}

export function stateFromProto(field: string, state: JobState): ManagedState {
  return states.fromProto(field, state)
}
