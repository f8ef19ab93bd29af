import { execConfigToProto } from '@corral/api'
import type { ExecConfig } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'

import type { Link } from '../calls/link.ts'
import { toMessage } from '../calls/messages.ts'
import { streamOf } from '../stdin/stream.ts'
import { RemoteExecution } from './execution.ts'

/** Runs a further command in a job; resolves once it has been exec'd. */
export async function startExecution(link: Link, job: string, given: ExecConfig): Promise<RemoteExecution> {
  const { stream, config } = streamOf(given)
  const { signal } = config
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', signal, 'an AbortSignal')
  }
  const request = { name: job, config: toMessage(() => execConfigToProto(config)) }
  signal?.throwIfAborted()
  // Not given the signal: a command that was begun would run on unknown.
  const { execId, pid } = await link.ask((options) => link.jobs.exec(request, options), { isRepeatable: false })
  const execution = new RemoteExecution(link, { job, id: execId, pid })
  if (stream) execution.send(stream)
  if (signal) execution.killOn(signal)
  return execution
}
