import type { ManagedInfo } from '@corral/api'

import type { Audit } from '../audit/index.ts'
import type { Jobs } from '../jobs/contract.ts'
import type { Policy } from '../policy/contract.ts'

/** What of the daemon does not change while it runs. */
export type DaemonFacts = Omit<ManagedInfo, 'uptimeMs' | 'draining' | 'identity' | 'role' | 'jobs' | 'quota'>

/** Bounds of what callers may have the daemon do. */
export interface RpcLimits {
  /** Most bytes of a request, give or take 64 KiB. Default 4 MiB; sane from 64 KiB to 64 MiB: each request is held in memory. */
  maxMessageBytes?: number
  /** Most streams of one identity at once, `Wait` among them. Default 1,024. */
  maxStreamsPerIdentity?: number
  /** Most streams at once. Default 8,192. */
  maxStreams?: number
}

export const defaultLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxStreamsPerIdentity: 1024,
  maxStreams: 8192,
} as const satisfies Required<RpcLimits>

/** Writes what was done, and went wrong. */
export interface RpcLog {
  debug(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Counts what was done. */
export interface RpcMetrics {
  /** `code`: `ok`, or that of the error, as gRPC has it in lower case. */
  rpcEnded(method: string, code: string, ms: number): void
  streamOpened(method: string): void
  streamClosed(method: string): void
  outputSent(bytes: number): void
}

/** What the RPCs are made of. */
export interface RpcServices {
  jobs: Jobs
  policy: Policy
  audit: Audit
  log: RpcLog
  metrics: RpcMetrics
  info: DaemonFacts
  limits?: RpcLimits
  /** Aborted once the daemon is about to end. */
  draining: AbortSignal
}
