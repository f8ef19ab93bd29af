import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { errnoOf, fileError } from '../errors/errno.ts'
import type { NoPlace, Place } from './contract.ts'
import { whenEmpty } from './control.ts'
import { jobDirectories } from './plan.ts'
import { isGone } from './watch.ts'

/**
 * Removes a job's cgroups, the tracking one, which comes first, at the last: waits until no process is left in it.
 * Those that are gone count as removed.
 * @throws {CorralError} `CONTROL_FAILED`
 */
export async function removeCgroups(directories: readonly string[]): Promise<void> {
  const [tracking, ...others] = directories
  if (tracking === undefined) return
  for (const directory of [...others.reverse(), tracking]) {
    if (await tryRemove(directory)) continue
    // A process leaves all hierarchies in one step, so this one tells for the v1 cgroups, which have no such event.
    await whenEmpty(tracking)
    await removeTree(directory)
  }
}

/** Removes an empty cgroup and those that a job with the right to do so has made in it. */
async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name))
  // What has just left may keep the cgroup busy for a moment more, and nothing tells of its end: hence a back-off.
  for (let pauseMs = 1; !(await tryRemove(directory, pauseMs > lastPauseMs)); pauseMs *= 2) await delay(pauseMs)
}

const lastPauseMs = 512

/** False: it is busy. */
async function tryRemove(directory: string, last = false): Promise<boolean> {
  try {
    await rmdir(directory)
    return true
  } catch (error) {
    if (isGone(error)) return true
    if (errnoOf(error) === 'EBUSY' && !last) return false
    throw fileError('CONTROL_FAILED', `remove the cgroup ${directory}`, error)
  }
}

/** The jobs that have a cgroup where jobs live, with their cgroups in the order that `removeCgroups` takes. */
export async function listJobCgroups(place: Place | NoPlace): Promise<{ name: string; directories: string[] }[]> {
  const names = new Set<string>()
  for (const parent of jobDirectories(place, '')) {
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory() && !entry.name.startsWith('.')) names.add(entry.name)
  }
  return [...names].map((name) => ({ name, directories: jobDirectories(place, name) }))
}
