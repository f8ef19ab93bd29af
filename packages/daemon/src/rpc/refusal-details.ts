import type { ConnectError } from '@connectrpc/connect'
import { BadRequestSchema, durationToProto, QuotaFailureSchema, RetryInfoSchema } from '@corral/api'

import type { DaemonError } from '../errors.ts'

/** A message beside an error's. */
export type Detail = Extract<ConnectError['details'][number], { desc: unknown }>

/** What gRPC's clients look for beside the reason: which field, which quota, when to come again. */
export function refusalDetails(
  { reason, message, metadata }: DaemonError,
  fieldOf: (option: string) => string,
): Detail[] {
  switch (reason) {
    case 'FORBIDDEN_OPTION': {
      const violation = { field: fieldOf(metadata['option'] ?? ''), description: message }
      return [{ desc: BadRequestSchema, value: { fieldViolations: [violation] } }]
    }
    case 'QUOTA_EXCEEDED': {
      const violation = { subject: metadata['quota'] ?? '', description: message }
      return [{ desc: QuotaFailureSchema, value: { violations: [violation] } }]
    }
    case 'RATE_LIMITED': {
      const retryDelay = durationToProto('retryAfterMs', Number(metadata['retryAfterMs'] ?? 1000))
      return [{ desc: RetryInfoSchema, value: { retryDelay } }]
    }
    default:
      return []
  }
}
