import { inspect } from 'node:util'

import { DaemonError } from '../errors.ts'

/** Longest text of what was received, in an answer and in the log. */
const maxReceived = 200

/** What the policy does not let a caller ask for: the option, as the library names it, what it was, and what is accepted. */
export class ForbiddenOptionError extends DaemonError {
  override name = 'ForbiddenOptionError'

  constructor(option: string, received: unknown, accepted: string) {
    const text = received instanceof Hidden ? received.text : inspect(received, { depth: 1, breakLength: Infinity })
    const shown = text.length > maxReceived ? `${text.slice(0, maxReceived)}…` : text
    super(`FORBIDDEN_OPTION`, `${option}: received ${shown}; the policy accepts: ${accepted}`, {
      option,
      received: shown,
      accepted,
    })
  }
}

/** Stands for a value that may be secret. */
class Hidden {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What is said of a value that may be secret, in place of it. */
export function hidden(text: string): unknown {
  return new Hidden(text)
}

/** A list for a message: what is accepted. */
export function anyOf(values: readonly string[], none: string): string {
  return values.length === 0 ? none : values.join(', ')
}
