import { killCgroup, listJobCgroups, removeCgroups } from '../cgroup/index.ts'
import type { LauncherSession } from '../launch/launcher.ts'
import { settleEnd } from '../result/settle.ts'
import { JobNotFoundError } from '../errors/mistakes.ts'
import { isAlive } from './identity.ts'
import { JobFolder } from './job-folder.ts'
import type { Storage } from './storage.ts'

/**
 * Puts in order what a crash left behind, after a new launcher has taken the storage root over: starts that were never
 * acknowledged are undone, ends that nobody saw become `lost`, jobs of a dead runner that wanted nothing kept are
 * removed, and so are cgroups that belong to no job. Jobs that run are left alone.
 */
export async function recover(storage: Storage, { connection, place }: LauncherSession): Promise<void> {
  const names = await storage.names()
  for (const name of names) await recoverJob(storage, name, connection)
  const present = new Set(await storage.names())
  for (const { name, directories } of await listJobCgroups(place)) {
    if (present.has(name)) continue
    await killCgroup(directories[0]!)
    await removeCgroups(directories)
  }
}

async function recoverJob(storage: Storage, name: string, connection: LauncherSession['connection']): Promise<void> {
  const folder = new JobFolder(storage, name)
  try {
    const record = await folder.readInit()
    if (!record) return await undoStart(folder, connection)
    if (!(await folder.readExit())) {
      if (await isAlive(record.init)) return
      await settleEnd(folder)
    }
    const spec = await folder.readSpec()
    if (spec.onExit === 'kill' && !(await isAlive(spec.runner))) await folder.remove()
  } catch (error) {
    if (!(error instanceof JobNotFoundError)) throw error
  }
}

/** A folder without init's record is a start in progress, or one that nobody carries on. */
async function undoStart(folder: JobFolder, connection: LauncherSession['connection']): Promise<void> {
  const known = await connection.request('known')
  if (known.all('name').includes(folder.name) || (await folder.readInit())) return
  await folder.remove()
}
