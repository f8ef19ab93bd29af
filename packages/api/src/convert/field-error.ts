/** What cannot be converted: a field of a message, or an option, that holds what it may not. */
export class FieldError extends RangeError {
  override name = 'FieldError'
  /** Its path in the message, `config.limits.pids_max`; of what goes into a message, the option: `isolation.mounts[0].mode`. */
  readonly field: string
  readonly received: unknown
  /** What is accepted, in words. */
  readonly accepted: string

  constructor(field: string, received: unknown, accepted: string) {
    super(`${field}: received ${show(received)}; accepted: ${accepted}`)
    this.field = field
    this.received = received
    this.accepted = accepted
  }
}

/** Longest text of a value in a message. */
const maxShown = 200

function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : showOther(value)
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
}

/** JSON has no words for some. */
function showOther(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return Object.prototype.toString.call(value)
  }
}
