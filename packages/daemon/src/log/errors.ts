import { InvalidOptionError } from '@corral/runner/errors'

/** How an error is logged: without what it was given, which may be secret. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { name, stack, cause } = error
  const { code, reason, syscall, path, errno } = error as Error & Record<string, unknown>
  const known = { code, reason, syscall, path, errno }
  const isOptions = error instanceof InvalidOptionError
  return {
    type: name,
    message: isOptions ? `${error.option}: accepted: ${error.accepted}` : error.message,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    ...(!isOptions && { stack }),
    ...(cause !== undefined && { cause: describeError(cause) }),
  }
}
