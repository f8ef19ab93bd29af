import type { CgroupRunner } from '@corral/runner'

import { type StorageOptions, withRunner } from '../options/storage.ts'
import { writeOut } from '../streams/stdout.ts'
import { resolveName } from './resolve.ts'

/**
 * Does something with each of the jobs that are meant, side by side, and prints their names as it is done.
 * What fails for one is said and does not keep the others from it; the exit status is then that of the last failure.
 */
export async function forEachJob(
  typed: readonly string[],
  options: StorageOptions,
  act: (runner: CgroupRunner, name: string) => Promise<void>,
): Promise<number> {
  return withRunner(options, async (runner) => {
    const done = typed.map(async (text) => {
      await act(runner, await resolveName(runner, text))
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
