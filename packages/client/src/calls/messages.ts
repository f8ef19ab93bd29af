import { FieldError } from '@corral/api'
import { InvalidOptionError } from '@corral/runner/errors'

import { RemoteError } from '../errors/remote-error.ts'

/** What a caller has given, as a message. */
export function toMessage<T>(convert: () => T): T {
  try {
    return convert()
  } catch (error) {
    if (error instanceof FieldError) throw new InvalidOptionError(error.field, error.received, error.accepted)
    throw error
  }
}

/** What a daemon has sent, in the library's terms. */
export function fromMessage<T>(address: string, convert: () => T): T {
  try {
    return convert()
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    const message = `corrald at ${address} says what is not understood here: ${error.message}; it may be newer than this program`
    throw new RemoteError('UNKNOWN', '', message, { cause: error })
  }
}
