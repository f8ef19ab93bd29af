import type { FileHandle } from 'node:fs/promises'

import { watchError } from '../errors/errno.ts'
import { signalName } from '../job/signal.ts'
import { watchFile } from '../output/file-watch.ts'
import { type ExecFolder, isWhole, readExecRecord } from '../store/exec-folder.ts'
import type { FieldList } from '../store/record.ts'
import type { ExecState, ExecStatus } from './config.ts'

/**
 * Resolves with the record of a further command once it has ended; null: the job has ended, and there is none.
 * `jobEnded` resolves when the job has.
 * @throws {ExecutionNotFoundError | JobNotFoundError}
 */
export async function execEnd(
  folder: ExecFolder,
  jobEnded: (signal: AbortSignal) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<FieldList | null> {
  signal?.throwIfAborted()
  const record = await folder.openRecord()
  if (!record) throw await folder.notFound()
  const done = new AbortController()
  try {
    return await awaitRecord(record, jobEnded, AbortSignal.any([done.signal, ...(signal ? [signal] : [])]))
  } finally {
    done.abort()
    await record.close()
  }
}

async function awaitRecord(
  record: FileHandle,
  jobEnded: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<FieldList | null> {
  let [wake, isOver] = [(): void => {}, false]
  const { dev, ino } = await record.stat()
  const unwatch = watch(record, `${dev}:${ino}`, () => wake())
  const abort = (): void => wake()
  signal.addEventListener('abort', abort)
  const end = (): void => {
    isOver = true
    wake()
  }
  // Whatever that comes to: a job that cannot be found has ended too.
  jobEnded(signal).then(end, end)
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve
      })
      signal.throwIfAborted()
      const last = isOver
      const fields = await readExecRecord(record)
      if (isWhole(fields)) return fields
      if (last) return null
      await changed
    }
  } finally {
    signal.removeEventListener('abort', abort)
    unwatch()
  }
}

function watch(handle: FileHandle, id: string, wake: () => void): () => void {
  try {
    return watchFile({ handle, id }, wake)
  } catch (error) {
    throw watchError('watch the record of a command', error)
  }
}

/** What a record says; without one, nobody saw the end. */
export function execStatus(startedAt: Date, end: FieldList | null): ExecStatus {
  const [exited, signaled, finished] = [end?.number('exited'), end?.number('signaled'), end?.number('finished')]
  return {
    state: execState(end),
    exitStatus: exited ?? null,
    signal: signaled === undefined ? null : signalName(signaled),
    startedAt,
    finishedAt: finished === undefined ? null : new Date(finished),
  }
}

function execState(end: FieldList | null): ExecState {
  if (!end) return 'lost'
  if (end.get('timedout') !== undefined) return 'timed-out'
  if (end.get('jobended') !== undefined) return 'job-ended'
  return end.number('signaled') === undefined ? 'exited' : 'signaled'
}
