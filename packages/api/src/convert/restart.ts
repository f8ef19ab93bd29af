import { create } from '@bufbuild/protobuf'

import { RestartMode, type RestartPolicy, RestartPolicySchema } from '../gen/corral/v1/job_pb.ts'
import type { ManagedRestart } from '../managed.ts'
import { choice } from './choice.ts'
import { givenCount, refuseOthers } from './given.ts'
import { present } from './present.ts'
import { durationFromProto, durationToProto } from './time.ts'

const modes = choice<ManagedRestart['mode'], RestartMode>({
  never: RestartMode.NEVER,
  'on-failure': RestartMode.ON_FAILURE,
  always: RestartMode.ALWAYS,
})

export function restartToProto(restart: ManagedRestart): RestartPolicy {
  refuseOthers('restart', restart, ['mode', 'maxRestarts', 'backoffMs', 'backoffMaxMs'])
  const { mode, maxRestarts, backoffMs, backoffMaxMs } = restart
  return create(RestartPolicySchema, {
    mode: modes.toProto('restart.mode', mode),
    maxRestarts: givenCount('restart.maxRestarts', maxRestarts),
    backoff: backoffMs === undefined ? undefined : durationToProto('restart.backoffMs', backoffMs),
    backoffMax: backoffMaxMs === undefined ? undefined : durationToProto('restart.backoffMaxMs', backoffMaxMs),
  })
}

export function restartFromProto(message: RestartPolicy, at = 'restart'): ManagedRestart {
  const { backoff, backoffMax } = message
  return present<ManagedRestart>({
    mode: modes.fromProto(`${at}.mode`, message.mode),
    maxRestarts: message.maxRestarts,
    backoffMs: backoff && durationFromProto(`${at}.backoff`, backoff),
    backoffMaxMs: backoffMax && durationFromProto(`${at}.backoff_max`, backoffMax),
  })
}
