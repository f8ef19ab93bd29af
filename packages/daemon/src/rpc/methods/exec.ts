import { create } from '@bufbuild/protobuf'
import {
  execConfigFromProto,
  type ExecRequest,
  type ExecResponse,
  ExecResponseSchema,
  FieldError,
  streamsInput,
} from '@corral/api'

import type { Call } from '../call.ts'
import { refuseWhileDraining } from './start.ts'

/** Runs a further command in a running job. */
export async function exec({ name, config }: ExecRequest, { grant, services }: Call): Promise<ExecResponse> {
  refuseWhileDraining(services.draining)
  if (!config) throw new FieldError('config', config, 'a command')
  const admitted = grant.admitExec(execConfigFromProto(config))
  const { id, pid } = await services.jobs.exec(name, { ...admitted, streamsInput: streamsInput(config.stdin) })
  return create(ExecResponseSchema, { execId: id, pid })
}
