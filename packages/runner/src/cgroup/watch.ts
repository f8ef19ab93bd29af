import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { errnoOf } from '../errors/errno.ts'

/** The errnos that a file of a removed cgroup gives: ENODEV when it was open already. */
const gone = new Set(['ENOENT', 'ENODEV', 'ENOTDIR'])

/** True when an error says that the cgroup is no longer there. */
export function isGone(error: unknown): boolean {
  return gone.has(errnoOf(error) ?? '')
}

/**
 * Waits until a cgroup's `cgroup.events` has a line such as `populated 0`, or the cgroup is gone; true: it has.
 * The kernel announces changes of the file as modifications (cgroup-v2.rst, "[Un]populated Notification"), at most one
 * in 10 ms; one that is still pending when the cgroup is removed never comes, so its removal is watched for as well.
 */
export async function awaitEvent(directory: string, line: string, signal?: AbortSignal): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const look = (): void => {
    hasLine(directory, line).then((has) => has === false || resolve(has ?? false), reject)
  }
  const abort = (): void => reject(signal!.reason)
  signal?.throwIfAborted()
  const watchers: { close(): void }[] = []
  try {
    watchers.push(watch(join(directory, 'cgroup.events'), look))
    watchers.push(watch(dirname(directory), (_, name) => void (name === basename(directory) && look())))
    signal?.addEventListener('abort', abort, { once: true })
    // Only now, with the watches in place, no change can be missed.
    look()
    return await promise
  } catch (error) {
    if (isGone(error)) return false
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
    for (const watcher of watchers) watcher.close()
  }
}

/** Undefined: the cgroup is gone. */
async function hasLine(directory: string, line: string): Promise<boolean | undefined> {
  try {
    return (await readFile(join(directory, 'cgroup.events'), 'utf8')).split('\n').includes(line)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}
