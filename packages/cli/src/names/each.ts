import type { RemoteRunner, Runner } from '@corral/client'

import { writeOut } from '../streams/stdout.ts'
import { resolveName } from './resolve.ts'
import { withRunner } from '../where/open.ts'
import { type WhereOptions } from '../where/options.ts'

/**
 * Does something with each of the jobs that are meant, side by side, and prints their names as it is done.
 * What fails for one is said and does not keep the others from it; the exit status is then that of the last failure.
 */
export async function forEachJob(
  typed: readonly string[],
  options: WhereOptions,
  act: (runner: Runner, name: string, daemon: RemoteRunner | undefined) => Promise<void>,
): Promise<number> {
  return withRunner(options, async (runner, daemon) => {
    const done = typed.map(async (text) => {
      await act(runner, await resolveName(runner, text), daemon)
      return text
    })
    let exitStatus = 0
    for (const result of await Promise.allSettled(done)) {
      if (result.status === 'fulfilled') await writeOut(`${result.value}\n`)
      else exitStatus = (await import('../outcome/report.ts')).reportError(result.reason)
    }
    return exitStatus
  })
}
