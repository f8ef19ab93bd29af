import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf, fileError } from '../errors/errno.ts'
import { makeFolders } from '../store/make-folders.ts'

/** The leaf for processes that must leave a cgroup so that it can hand out controllers. */
export const leafName = 'runner'

/** The ids of the processes in a cgroup, as `cgroup.procs` has them; 0 stands for one of another PID namespace. */
export async function readProcesses(directory: string): Promise<string[]> {
  return (await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').filter((pid) => pid !== '')
}

/** Whether all processes of a cgroup are ours: this one, those it descends from in there, and what these started. */
export async function isOursAlone(directory: string): Promise<boolean> {
  const pids = new Set((await readProcesses(directory)).map(Number))
  const parents = new Map<number, number>()
  for (const pid of pids) parents.set(pid, (await readParent(pid)) ?? 0)
  let first = process.pid
  if (!pids.has(first) || pids.has(0)) return pids.size === 0
  for (let parent = parents.get(first)!; pids.has(parent); parent = parents.get(parent)!) first = parent
  const descends = (pid: number): boolean => pid === first || (parents.has(pid) && descends(parents.get(pid)!))
  return [...pids].every(descends)
}

/**
 * Moves all processes of a cgroup to the leaf below it; those that are started meanwhile too.
 * @throws {CorralError} `CGROUP_UNAVAILABLE`
 */
export async function moveToLeaf(directory: string): Promise<void> {
  const leaf = join(directory, leafName)
  try {
    await makeFolders(leaf, 0o755)
    let pids = await readProcesses(directory)
    for (let round = 0; pids.length > 0 && round < mostRounds; round++) {
      // 0 stands for one of another PID namespace; written, it would stand for this process.
      for (const pid of pids) if (pid !== '0') await moveProcess(pid, leaf)
      pids = await readProcesses(directory)
    }
    if (pids.length > 0)
      throw new Error(pids.includes('0') ? 'some are of a PID namespace that is not seen here' : 'they multiply')
  } catch (error) {
    throw fileError('CGROUP_UNAVAILABLE', `move the processes of ${directory} to ${leaf}`, error)
  }
}

/** A fork can be missed by a round, but not by many. */
const mostRounds = 16

/** Moves a process to another cgroup; one that has ended meanwhile is none to move. */
export async function moveProcess(pid: string | number, directory: string): Promise<void> {
  try {
    await writeFile(join(directory, 'cgroup.procs'), String(pid))
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

/** Field 4 of proc_pid_stat(5); undefined when the process has ended. */
async function readParent(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
