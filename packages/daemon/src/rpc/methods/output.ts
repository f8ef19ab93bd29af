import { create } from '@bufbuild/protobuf'
import { FieldError, numberFromProto, type OutputRequest, type OutputResponse, OutputResponseSchema } from '@corral/api'

import type { OutputPart, OutputRange } from '../../jobs/contract.ts'
import type { Call } from '../call.ts'

/** Most bytes of a message: each stream holds about three of them while its client does not read. */
const maxChunk = 64 * 1024

/** A job's output, or that of a further command, piece by piece, as its client takes it. */
export async function* output(request: OutputRequest, call: Call): AsyncGenerator<OutputResponse, void, undefined> {
  const { name, execId } = request
  const { jobs, metrics } = call.services
  const range = rangeOf(request, call.signal)
  const parts = execId === '' ? jobs.output(name, range) : (await jobs.execution(name, execId)).output(range)
  for await (const part of parts) {
    for (const message of messagesOf(part)) {
      metrics.outputSent(message.data.length)
      yield message
    }
  }
}

function rangeOf({ offset, tail, follow }: OutputRequest, signal: AbortSignal): OutputRange {
  if (tail === undefined) return { from: numberFromProto('offset', offset), follow, signal }
  if (offset !== 0n) throw new FieldError('tail', tail, 'either `offset` or `tail`')
  return { tail, follow, signal }
}

function* messagesOf(part: OutputPart): Generator<OutputResponse> {
  const { offset, attempt } = part
  if ('droppedBytes' in part) {
    yield message(offset, attempt, { droppedBytes: BigInt(part.droppedBytes) }, part.droppedBytes)
    return
  }
  const { data } = part
  // Also one that is empty, which says where the output begins.
  let at = 0
  do {
    const piece = data.subarray(at, at + maxChunk)
    yield message(offset + at, attempt, { data: piece }, piece.length)
    at += piece.length
  } while (at < data.length)
}

function message(
  offset: number,
  attempt: number,
  content: { data: Uint8Array } | { droppedBytes: bigint },
  length: number,
): OutputResponse {
  const place = { offset: BigInt(offset), nextOffset: BigInt(offset + length) }
  return create(OutputResponseSchema, { ...place, ...content, attempt })
}
