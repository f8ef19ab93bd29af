import { killCgroup, removeCgroups } from '../cgroup/index.ts'
import { CorralError } from '../errors/corral-error.ts'
import { outputSize } from '../output/size.ts'
import { isAlive } from '../store/identity.ts'
import type { JobFolder } from '../store/job-folder.ts'
import type { Field, FieldList } from '../store/record.ts'

/**
 * The exit record of a job whose init is gone. Where init left none, it was killed before it could: nobody saw how the
 * command ended, and the record says `lost`. What init would have removed is removed.
 * @throws {JobNotFoundError} when there is no such job, or its start was never acknowledged.
 */
export async function settleEnd(folder: JobFolder): Promise<FieldList> {
  const ended = await folder.readExit()
  if (ended) return ended
  const record = await folder.readInit()
  if (!record) throw folder.notFound()
  if (await isAlive(record.init)) {
    const message = `the launcher cannot watch job ${folder.name}, whose init (pid ${record.init.pid}) lives`
    throw new CorralError('CONTROL_FAILED', message)
  }
  // It may have published its record between the two looks.
  const late = await folder.readExit()
  if (late) return late
  await removeLeftovers(folder)
  if (!record.started) {
    await folder.remove()
    throw folder.notFound()
  }
  const fields: Field[] = [
    ['lost', 1],
    ['started', record.started.at.getTime()],
    ['finished', Date.now()],
    ...(await outputFields(folder)),
  ]
  return folder.writeExit(fields)
}

/** What is known of the output all the same. */
async function outputFields(folder: JobFolder): Promise<Field[]> {
  const spec = await folder.findSpec()
  const { outputBytes, outputDroppedBytes } = await outputSize(folder, spec?.outputMaxBytes ?? null)
  if (outputBytes === null) return []
  return [
    ['output', outputBytes],
    ['dropped', outputDroppedBytes ?? 0],
  ]
}

/**
 * Removes what init would have: the layers of overlays that were not to be kept, and the cgroups of a job whose init is
 * gone, with whatever is in them. Without a spec, `stop` will do it. Where
 * there are none, the end of init was the end of all processes in its PID namespace.
 */
async function removeLeftovers(folder: JobFolder): Promise<void> {
  const spec = await folder.findSpec()
  if (spec?.cgroups) {
    await killCgroup(spec.cgroups.cgroup)
    await removeCgroups(spec.cgroups.directories)
  }
  if (!spec || spec.layers.length === 0 || spec.isolation.keepChanges) return
  // What cannot be removed is told by `stop`, which tries again.
  await folder.removeLayers().catch(() => {})
}
