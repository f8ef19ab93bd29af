import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { fileError } from '../errors/errno.ts'
import { awaitEvent, isGone } from './watch.ts'

/**
 * Kills everything in a v2 cgroup and below, forks in progress included (cgroup-v2.rst, `cgroup.kill`).
 * A cgroup that is gone counts as killed.
 * @throws {CorralError} `CONTROL_FAILED`
 */
export async function killCgroup(directory: string): Promise<void> {
  await writeControl(join(directory, 'cgroup.kill'), '1', 'kill the job by')
}

/**
 * Freezes or thaws a v2 cgroup; resolves once the kernel says that all of it has stopped, or goes on.
 * @throws {CorralError} `CONTROL_FAILED`
 */
export async function freezeCgroup(directory: string, frozen: boolean): Promise<void> {
  const digit = frozen ? 1 : 0
  if (
    !(await writeControl(join(directory, 'cgroup.freeze'), String(digit), `${frozen ? 'freeze' : 'thaw'} the job by`))
  )
    return
  try {
    await awaitEvent(directory, `frozen ${digit}`)
  } catch (error) {
    throw fileError('CONTROL_FAILED', `watch ${directory}`, error)
  }
}

/** Whether there are processes in a v2 cgroup or below; false when it is gone. */
export async function isPopulated(directory: string): Promise<boolean> {
  const events = await readFile(join(directory, 'cgroup.events'), 'utf8').catch(() => '')
  return events.split('\n').includes('populated 1')
}

/**
 * Resolves when no process is left in a v2 cgroup and below, or it is gone.
 * @throws {CorralError} `CONTROL_FAILED`, or the signal's reason.
 */
export async function whenEmpty(directory: string, signal?: AbortSignal): Promise<void> {
  try {
    await awaitEvent(directory, 'populated 0', signal)
  } catch (error) {
    if (signal?.aborted) throw error
    throw error instanceof CorralError ? error : fileError('CONTROL_FAILED', `watch ${directory}`, error)
  }
}

/** False: the cgroup is gone. */
async function writeControl(file: string, value: string, attempted: string): Promise<boolean> {
  try {
    await writeFile(file, value)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw fileError('CONTROL_FAILED', `${attempted} ${file}`, error)
  }
}
