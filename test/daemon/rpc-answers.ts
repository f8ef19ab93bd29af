import { ConnectError } from '@connectrpc/connect'
import { BadRequestSchema, ErrorInfoSchema } from '@corral/api'

import { codeName } from '../../packages/daemon/src/rpc/rpc-error.ts'

/** An error as a client finds it: its code, its ErrorInfo, and the fields that were not accepted. */
export interface Answer {
  code: string
  reason: string | undefined
  message: string
  metadata: Record<string, string>
  fields: string[]
}

/** The error that a call is answered with. */
export async function errorOf(call: Promise<unknown>): Promise<Answer> {
  try {
    await call
  } catch (error) {
    return answerOf(error)
  }
  throw new Error('the call was answered without an error')
}

export function answerOf(error: unknown): Answer {
  if (!(error instanceof ConnectError)) throw error
  const [info] = error.findDetails(ErrorInfoSchema)
  const fields = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations)
  return {
    code: codeName(error),
    reason: info?.reason,
    message: error.rawMessage,
    metadata: info?.metadata ?? {},
    fields: fields.map(({ field }) => field),
  }
}

/** What a job is given to read. */
export function data(text: string) {
  return { from: { case: 'data' as const, value: new TextEncoder().encode(text) } }
}

export const stream = { from: { case: 'stream' as const, value: true } }

export function textOf(chunks: readonly { data: Uint8Array }[]): string {
  return Buffer.concat(chunks.map(({ data }) => data)).toString()
}
