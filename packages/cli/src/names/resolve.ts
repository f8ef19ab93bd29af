import type { Runner } from '@corral/client'

import { UsageError } from '../outcome/usage-error.ts'
import { namePrefix } from '../text/job-name.ts'

/** What of a runner it takes to find a job. */
type Lookup = Pick<Runner, 'status' | 'list' | 'storageRoot'>

const mostCandidates = 10

/**
 * The job that is meant: the one of this name, or the only one whose name begins so, with or without `job.` before it.
 * @throws {UsageError} when there are several; it lists them.
 * @throws {JobNotFoundError} when there is none.
 */
export async function resolveName(runner: Lookup, typed: string): Promise<string> {
  const failure = await notFound(runner, typed)
  if (failure === undefined) return typed
  const names = typed === '' ? [] : (await runner.list()).map(({ name }) => name)
  const candidates = names.filter((name) => name.startsWith(typed) || name.startsWith(namePrefix + typed))
  if (candidates.length === 1) return candidates[0]!
  if (candidates.length === 0) throw failure
  const shown = candidates.slice(0, mostCandidates).map((name) => `\n  ${name}`)
  const more = candidates.length > mostCandidates ? `\n  and ${candidates.length - mostCandidates} more` : ''
  throw new UsageError(`'${typed}' could be any of ${candidates.length} jobs:${shown.join('')}${more}`)
}

/** Why the text as it stands is no job's name; undefined when it is. */
async function notFound(runner: Lookup, typed: string): Promise<unknown> {
  const { InvalidOptionError, JobNotFoundError } = await import('@corral/runner/errors')
  try {
    await runner.status(typed)
    return undefined
  } catch (error) {
    if (error instanceof InvalidOptionError) return new JobNotFoundError(typed, runner.storageRoot)
    if (error instanceof JobNotFoundError) return error
    throw error
  }
}
