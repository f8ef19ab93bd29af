import { setTimeout as delay } from 'node:timers/promises'

import { forEachAbreast } from '../store/abreast.ts'
import { JobFolder } from '../store/job-folder.ts'
import type { Storage } from '../store/storage.ts'
import { Disconnected } from './connection.ts'
import type { Session } from './session.ts'

/** Longest pause between two looks at starts that are under way. */
const mostPauseMs = 200

/**
 * Resolves once what earlier runners have left is in order: removals have been finished, and each start that was under way by then has come to its
 * end: who asked for it may be gone, and the job would else be there only after one has looked.
 */
export async function awaitSettled(session: Session, storage: Storage): Promise<void> {
  await session.recovered()
  let pending = await underWay(session, storage)
  // Of a start that fails nobody is told but who asked for it, hence a back-off.
  for (let pauseMs = 1; pending.size > 0; pauseMs = Math.min(pauseMs * 2, mostPauseMs)) {
    await delay(pauseMs)
    pending = (await underWay(session, storage)).intersection(pending)
  }
  await finishRemovals(session, storage)
}

/** Folders that a runner has left which was killed while it removed a job: without the record that goes first. */
async function finishRemovals(session: Session, storage: Storage): Promise<void> {
  const left = new Set<JobFolder>()
  await forEachAbreast(await storage.names(), async (name) => {
    const folder = new JobFolder(storage, name)
    if (!(await folder.readInit())) left.add(folder)
  })
  if (left.size === 0) return
  // A start under way looks like that too; the launcher knows of it before there is a folder.
  const starts = new Set(await known(session))
  for (const folder of left) if (!starts.has(folder.name) && !(await folder.readInit())) await folder.discard()
}

/** The jobs that the launcher sets up. */
async function underWay(session: Session, storage: Storage): Promise<Set<string>> {
  const names = new Set<string>()
  for (const name of await known(session)) {
    const record = await new JobFolder(storage, name).readInit()
    if (!record?.started) names.add(name)
  }
  return names
}

/** The jobs that the launcher sets up or that run; the next one has put in order what the last one left. */
async function known(session: Session): Promise<readonly string[]> {
  for (;;) {
    try {
      return (await session.request('known', [])).all('name')
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
      await session.recovered()
    }
  }
}
