import { type CgroupRunner, JobNotFoundError } from '@corral/runner'

import type { OutputRange } from '../contract.ts'
import { type Part, partsFrom } from './parts.ts'

/** The output of an attempt from an offset on; of one that is no longer there, nothing. */
export async function* attemptParts(
  runner: CgroupRunner,
  name: string,
  { from, follow, signal }: { from: number } & Pick<OutputRange, 'follow' | 'signal'>,
): AsyncGenerator<Part, void, undefined> {
  try {
    yield* partsFrom(from, (options) => runner.output(name, { ...options, follow, signal }))
  } catch (error) {
    if (!(error instanceof JobNotFoundError)) throw error
  }
}
