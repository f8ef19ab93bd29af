import { statfs } from 'node:fs/promises'

import { CorralError } from '@corral/runner'

/** Bytes that have to be free when a job is started. */
export const defaultMinFreeBytes = 64 * 1024 ** 2

/**
 * Refuses a start while the disk has too little room: the jobs that run need it.
 * @throws {CorralError} `STORAGE_FULL`
 */
export async function checkFreeBytes(storageRoot: string, minFreeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(storageRoot)
  const freeBytes = bavail * bsize
  if (freeBytes >= minFreeBytes) return
  const message =
    `no job is started while fewer than ${minFreeBytes} bytes are free for ${storageRoot} (now ${freeBytes}): ` +
    'remove jobs that have ended, or make room'
  throw new CorralError('STORAGE_FULL', message, { path: storageRoot, errno: 'ENOSPC' })
}
