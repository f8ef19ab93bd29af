import { cp, lstat, stat } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'

import type { RemoteRunner } from '@corral/client'
import type { Collected } from '@corral/runner'

import type { AnyDescription } from '../jobs/status.ts'
import { UsageError } from '../outcome/usage-error.ts'

/** What of a job it takes to find what was collected from it. */
type Job = Pick<AnyDescription, 'name' | 'collectedPath' | 'collected'> & { spec: { cwd: string } | null }

/**
 * Copies what was collected from a job, or a part of it, to a place of ours: into a folder that is there, else as what is
 * named. A daemon sends it.
 * @throws {UsageError} when there is nothing of it.
 */
export async function copyCollected(job: Job, path: string, destination: string, daemon?: RemoteRunner): Promise<void> {
  const absolute = posix.resolve(job.spec?.cwd ?? '/', path)
  if (job.collectedPath === null) throw new UsageError(nothingOf(job, absolute))
  const target = (await isFolder(destination)) ? join(destination, basename(absolute)) : destination
  const isThere = daemon
    ? await (await import('./receive.ts')).receiveCollected(daemon, job.name, absolute, target)
    : await copyHere(join(job.collectedPath, absolute), target)
  if (!isThere) throw new UsageError(nothingOf(job, absolute))
}

/** False: there is nothing to copy. */
async function copyHere(source: string, target: string): Promise<boolean> {
  if (!(await exists(source))) return false
  await cp(source, target, { recursive: true })
  return true
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

function nothingOf({ name, collected, collectedPath }: Job, path: string): string {
  if (collectedPath === null) return `nothing was to be collected from ${name}: start it with --collect`
  const why = collected.find((each) => each.path === path)?.omitted
  return why ? `${name} has no ${path} to copy: ${why.reason}` : `${name} has no ${path} to copy: it was not collected`
}

/** What was not collected, in a line; undefined: all was. */
export function describeOmitted({ path, omitted }: Collected): string | undefined {
  if (!omitted) return undefined
  const more = omitted.count > 1 ? `, and left out ${omitted.count - 1} more of ${path}` : ''
  return `did not collect ${omitted.path}: ${omitted.reason}${more}`
}
