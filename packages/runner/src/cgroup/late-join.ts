import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { fileError } from '../errors/errno.ts'
import { freezeCgroup } from './control.ts'
import { moveProcess, readProcesses } from './occupants.ts'

/** Brings all processes of a job that runs into a v1 cgroup, with the job frozen so that none forks away meanwhile. */
export async function joinFrozen(tracking: string, directory: string): Promise<void> {
  try {
    const joined = new Set(await readProcesses(directory))
    if ((await readProcesses(tracking)).every((pid) => joined.has(pid))) return
    const wasFrozen = (await readFile(join(tracking, 'cgroup.freeze'), 'utf8')).trim() === '1'
    if (!wasFrozen) await freezeCgroup(tracking, true)
    try {
      for (const pid of await readProcesses(tracking)) await moveProcess(pid, directory)
    } finally {
      if (!wasFrozen) await freezeCgroup(tracking, false)
    }
  } catch (error) {
    throw fileError('CONTROL_FAILED', `bring the job into ${directory}`, error)
  }
}
