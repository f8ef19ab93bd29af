import { readFileSync } from 'node:fs'
import { glob, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expect } from 'vitest'

import { eventually, jobCgroups } from '../support/test.ts'

/** In the virtual machine, whose processor is emulated, everything takes about ten times as long. */
export const inMachine = process.env['CORRAL_IN_VM'] !== undefined

/** How often something is tried: less often where it is slow. */
export function rounds(onHost: number): number {
  return inMachine ? Math.max(2, Math.round(onHost / 5)) : onHost
}

/** Processes of a storage root's launcher, by their role. */
interface LauncherProcesses {
  launchers: number[]
  /** PID 1 of a job, or of the job to come. */
  inits: number[]
}

/** The launchers of a storage root, and the inits that they have forked. */
export async function launcherProcesses(storageRoot: string): Promise<LauncherProcesses> {
  const found: LauncherProcesses = { launchers: [], inits: [] }
  for await (const file of glob('/proc/[0-9]*/cmdline')) {
    const [program, root] = (await readFile(file, 'utf8').catch(() => '')).split('\0')
    if (!program?.includes('corral-launcher') || root !== storageRoot) continue
    const pid = Number(file.split('/')[2])
    const status = await readFile(join(dirname(file), 'status'), 'utf8').catch(() => '')
    const ids = /^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split('\t') ?? []
    // A command has the same command line until it is exec'd, and is no PID 1.
    if (ids.length > 1 && ids.at(-1) === '1') found.inits.push(pid)
    // What removes a folder is a fork of the launcher, in its session.
    if (ids.length === 1 && statField(pid, 6) === String(pid)) found.launchers.push(pid)
  }
  return found
}

/** The launcher of a storage root, which must be there or about to be. */
export async function launcherOf(storageRoot: string): Promise<number> {
  return eventually(async () => {
    const { launchers } = await launcherProcesses(storageRoot)
    expect(launchers).toHaveLength(1)
    return launchers[0]!
  })
}

/** A process's parent; 0 when there is no such process. */
export function parentOf(pid: number): number {
  return Number(statField(pid, 4) ?? 0)
}

/** A field of /proc/PID/stat, counted as in proc_pid_stat(5), from the third on; undefined when there is no such process. */
export function statField(pid: number, field: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3]
  } catch {
    return undefined
  }
}

/** Whether there is such a process, a zombie aside. */
export function isRunning(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statField(pid, 3))
}

/** Ends a process that may have ended by itself. */
export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** How many descriptors a process has open. */
export async function countDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** Processes that were given this variable: what jobs were, wherever they have gone. */
async function processesWith(variable: string): Promise<string[]> {
  const found: string[] = []
  for await (const file of glob('/proc/[0-9]*/environ')) {
    if ((await readFile(file, 'utf8').catch(() => '')).split('\0').includes(variable)) found.push(file)
  }
  return found
}

/** By this variable a job's processes are known. */
export function markOf(storageRoot: string): { CORRAL_TEST_OF: string } {
  return { CORRAL_TEST_OF: storageRoot }
}

/** Mounts of this host's namespace that are below a folder, and all of /proc: what a job mounts must not come here. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '')
  return points.filter((point) => point === '/proc' || point.startsWith(`${folder}/`)).toSorted()
}

/**
 * Waits until nothing of the jobs of a storage root is left but the folders of those that are named: no cgroup in any
 * hierarchy, no process, no mount, no folder of a start that came to nothing.
 */
export async function expectNoRemains(
  storageRoot: string,
  names: () => Promise<readonly string[]> = async () => [],
): Promise<void> {
  await eventually(async () => {
    expect(await jobCgroups(storageRoot)).toEqual([])
    // One is the spare.
    expect((await launcherProcesses(storageRoot)).inits.length).toBeLessThanOrEqual(1)
    expect(await processesWith(`CORRAL_TEST_OF=${storageRoot}`)).toEqual([])
    expect((await mountsBelow(storageRoot)).filter((point) => point !== '/proc')).toEqual([])
    expect((await readdir(join(storageRoot, 'jobs'))).toSorted()).toEqual([...(await names())].toSorted())
  })
}
