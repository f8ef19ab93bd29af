import { posix } from 'node:path'

import { create } from '@bufbuild/protobuf'
import {
  type CollectedEntry,
  CollectedEntrySchema,
  type CollectedRequest,
  type CollectedResponse,
  CollectedResponseSchema,
  dateToProto,
  FieldError,
  type ManagedDescription,
  numberFromProto,
} from '@corral/api'

import { openBelow, type TreeEntry, walk } from '../../collected/walk.ts'
import { DaemonError } from '../../errors.ts'
import type { Call } from '../call.ts'

const chunkBytes = 64 * 1024

/** Copies of what was collected from an ended job: each entry, and after it what the file holds. */
export async function* collected(
  { name, path, receivedEntries, receivedBytes }: CollectedRequest,
  { services }: Call,
): AsyncGenerator<CollectedResponse, void, undefined> {
  const begin = { entries: receivedEntries, bytes: numberFromProto('received_bytes', receivedBytes) }
  const job = await services.jobs.inspect(name)
  const wanted = placeOf(job, path)
  const root = wanted === undefined ? undefined : await openBelow(job.collectedPath!, wanted)
  if (!root) throw notCollected(job, path)
  let passed = 0n
  for await (const entry of walk(root)) {
    passed++
    if (passed > begin.entries) yield create(CollectedResponseSchema, { entry: entryOf(entry) })
    if (passed >= begin.entries) yield* contentOf(entry, passed === begin.entries ? begin.bytes : 0)
  }
}

/** Absolute in the job; undefined when it is neither what was to be collected nor below it. */
function placeOf({ spec, collectedPath }: ManagedDescription, path: string): string | undefined {
  if (path === '' || path.includes('\0'))
    throw new FieldError('path', path, 'a path that was to be collected, or below it')
  if (!spec || collectedPath === null) return undefined
  const wanted = posix.resolve(spec.cwd, path)
  return spec.collect?.paths.some((each) => `${wanted}/`.startsWith(`${each}/`)) ? wanted : undefined
}

function notCollected({ name, finishedAt }: ManagedDescription, path: string): DaemonError {
  const why = finishedAt ? 'nothing of that path was collected' : 'it has not ended'
  const message = `job ${JSON.stringify(name)} has no copy of ${JSON.stringify(path)}: ${why}`
  return new DaemonError('NOT_COLLECTED', message, { jobName: name, path })
}

function entryOf({ path, stats }: TreeEntry): CollectedEntry {
  return create(CollectedEntrySchema, {
    path,
    directory: stats.isDirectory(),
    mode: stats.mode & 0o7777,
    size: stats.isDirectory() ? 0n : BigInt(stats.size),
    modifiedAt: dateToProto(stats.mtime),
  })
}

async function* contentOf({ file }: TreeEntry, begin: number): AsyncGenerator<CollectedResponse> {
  if (!file) return
  for (let position = begin; ;) {
    // A buffer of its own each time: the one before may be on its way still.
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafeSlow(chunkBytes), position })
    if (bytesRead === 0) return
    position += bytesRead
    yield create(CollectedResponseSchema, { data: buffer.subarray(0, bytesRead) })
  }
}
