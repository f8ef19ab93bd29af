import type { CorralError } from '@corral/runner'
import { expect } from 'vitest'

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<CorralError> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as CorralError,
  )
}
