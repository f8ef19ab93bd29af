import { create } from '@bufbuild/protobuf'
import {
  FieldError,
  numberFromProto,
  type ResizeRequest,
  type ResizeResponse,
  ResizeResponseSchema,
  terminalSizeFromProto,
  type WriteInputRequest,
  type WriteInputResponse,
  WriteInputResponseSchema,
} from '@corral/api'

import type { Call } from '../call.ts'

const maxData = 1024 * 1024

/** Sends standard input; answers once the command's side has taken it. */
export async function writeInput(request: WriteInputRequest, { services }: Call): Promise<WriteInputResponse> {
  const { name, execId, data, end } = request
  if (data.length > maxData) throw new FieldError('data', `${data.length} bytes`, `at most ${maxData} bytes`)
  const input = { offset: numberFromProto('offset', request.offset), data, end }
  const taken =
    execId === ''
      ? await services.jobs.writeInput(name, input)
      : await (await services.jobs.execution(name, execId)).writeInput(input)
  return create(WriteInputResponseSchema, { offset: BigInt(taken) })
}

/** Gives a command's terminal another size. */
export async function resize({ name, execId, size }: ResizeRequest, { services }: Call): Promise<ResizeResponse> {
  if (!size) throw new FieldError('size', size, '{ columns, rows }')
  const given = terminalSizeFromProto(size)
  if (execId === '') await services.jobs.resize(name, given)
  else await (await services.jobs.execution(name, execId)).resize(given)
  return create(ResizeResponseSchema)
}
