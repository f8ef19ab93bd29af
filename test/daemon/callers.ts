import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { BadRequestSchema, ErrorInfoSchema, JobService, QuotaFailureSchema, RetryInfoSchema } from '@corral/api'

import type { TestDaemon } from '../support/daemon.ts'

export type Caller = Client<typeof JobService>

/** A client of the API, as anybody could write one, with a certificate of its own. */
export async function callerOf(daemon: TestDaemon, name: string, options?: { uri?: string }): Promise<Caller> {
  const { cert, key, ca } = await daemon.issue(name, options)
  const files = await Promise.all([cert, key, ca].map((path) => readFile(path)))
  const nodeOptions = { cert: files[0]!, key: files[1]!, ca: files[2]! }
  return createClient(JobService, createGrpcTransport({ baseUrl: daemon.tlsHost, nodeOptions }))
}

/** What a refusal says, in the words of the API. */
export interface Refusal {
  code: string
  reason: string | undefined
  metadata: Readonly<Record<string, string>>
  /** Fields that were not accepted. */
  fields: readonly string[]
  /** Quotas that are used up. */
  quotas: readonly string[]
  retryAfterMs: number | undefined
  message: string
}

/** How a call is refused. @throws when it is not. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => new Error('it was not refused'),
    (error: unknown) => error as Error,
  )
  if (!(error instanceof ConnectError)) throw error
  const [info] = error.findDetails(ErrorInfoSchema)
  const { seconds = 0n, nanos = 0 } = error.findDetails(RetryInfoSchema)[0]?.retryDelay ?? {}
  return {
    code: Code[error.code],
    reason: info?.reason,
    metadata: info?.metadata ?? {},
    fields: error.findDetails(BadRequestSchema).flatMap((each) => each.fieldViolations.map(({ field }) => field)),
    quotas: error.findDetails(QuotaFailureSchema).flatMap((each) => each.violations.map(({ subject }) => subject)),
    retryAfterMs: error.findDetails(RetryInfoSchema).length > 0 ? Number(seconds) * 1000 + nanos / 1e6 : undefined,
    message: error.rawMessage,
  }
}

/** The lines of a daemon's audit log, but for those that tell who writes it. */
export async function auditLines(daemon: TestDaemon, file = 'audit.log'): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(daemon.storageRoot, '..', file), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => !('opened' in line))
}
