import type { CgroupRunner } from '@corral/runner'

import type { OutputRange } from '../contract.ts'

/** A piece of an attempt's output, and where in that it ends. */
export type AttemptPart = { end: number } & ({ data: Uint8Array } | { droppedBytes: number })

/** The output of an attempt from an offset on; of one that is no longer there, nothing. */
export async function* attemptParts(
  runner: CgroupRunner,
  name: string,
  { from, follow, signal }: { from: number } & Pick<OutputRange, 'follow' | 'signal'>,
): AsyncGenerator<AttemptPart, void, undefined> {
  let end = from
  try {
    for await (const data of runner.output(name, { from, follow, signal })) {
      end += data.length
      yield { end, data }
    }
  } catch (error) {
    if ((error as Error).name !== 'JobNotFoundError') throw error
  }
}
