import { killCgroup, listJobCgroups, removeCgroups } from '../cgroup/index.ts'
import type { LauncherConnection } from '../launch/connection.ts'
import type { LauncherSession } from '../launch/launcher.ts'
import { settleEnd } from '../result/settle.ts'
import { forEachAbreast } from './abreast.ts'
import { isAlive } from './identity.ts'
import { JobFolder } from './job-folder.ts'
import type { Storage } from './storage.ts'

/** Resolves when a job has ended. */
type WhenEnded = (folder: JobFolder) => Promise<unknown>

/**
 * Puts in order what a crash left behind, after a new launcher has taken the storage root over: starts that were never
 * acknowledged are undone, ends that nobody saw become `lost`, jobs of a dead runner that wanted nothing kept are
 * removed, and so are cgroups that belong to no job. Jobs that run are left alone. What cannot be put in order stays as
 * it is, for the next launcher's first runner; an abort leaves the rest to it as well.
 */
export async function recover(
  storage: Storage,
  { connection, place }: LauncherSession,
  whenEnded: WhenEnded,
  signal: AbortSignal,
): Promise<void> {
  // Before the folders: a start makes its folder before its cgroups, so that none of these is a start under way.
  const cgroups = await listJobCgroups(place)
  const names = new Set(await storage.names())
  await forEachAbreast(names, async (name) => {
    if (!signal.aborted) await recoverJob(new JobFolder(storage, name), connection, whenEnded).catch(() => {})
  })
  await forEachAbreast(cgroups, async ({ name, directories }) => {
    if (signal.aborted || names.has(name)) return
    // Once more: a start that was undone before the look at the folders may have been made again since.
    if (!(await new JobFolder(storage, name).exists())) await removeNobodys(directories).catch(() => {})
  })
}

async function recoverJob(folder: JobFolder, connection: LauncherConnection, whenEnded: WhenEnded): Promise<void> {
  const record = await folder.readInit()
  if (!record) return undoStart(folder, connection)
  const spec = await folder.findSpec()
  const isAbandoned = spec?.onExit === 'kill' && !(await isAlive(spec.runner))
  if (!(await folder.readExit())) {
    if (!(await isAlive(record.init))) await settleEnd(folder)
    // It sees that its runner is gone, and ends the job; or it has looked for the last time, and keeps the folder.
    else if (isAbandoned) await whenEnded(folder)
    else return
  }
  if (!isAbandoned || !(await folder.remove())) return
  await connection.request('announce', [
    ['event', 'removed'],
    ['name', folder.name],
  ])
}

/** A folder without init's record is a start in progress, or one that nobody carries on. */
export async function undoStart(folder: JobFolder, connection: LauncherConnection): Promise<void> {
  const known = await connection.request('known')
  if (known.all('name').includes(folder.name) || (await folder.readInit())) return
  await folder.discard()
}

async function removeNobodys(directories: readonly string[]): Promise<void> {
  await killCgroup(directories[0]!)
  await removeCgroups(directories)
}
