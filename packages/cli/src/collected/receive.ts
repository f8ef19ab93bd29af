import { createWriteStream } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { type CollectedEntry, RemoteError, type RemoteRunner } from '@corral/client'
import { CorralError } from '@corral/runner/errors'

/** Writes what a daemon has collected as `target`; false: there is nothing of it. */
export async function receiveCollected(
  daemon: RemoteRunner,
  name: string,
  path: string,
  target: string,
): Promise<boolean> {
  try {
    await receiveAll(daemon.collected(name, path), target)
    return true
  } catch (error) {
    if (error instanceof RemoteError && error.reason === 'NOT_COLLECTED') return false
    throw error
  }
}

async function receiveAll(entries: AsyncIterable<CollectedEntry>, target: string): Promise<void> {
  const folders: [path: string, mode: number][] = []
  for await (const entry of entries) {
    const place = join(target, checkBelow(entry.path))
    await mkdir(dirname(place), { recursive: true })
    if (entry.type === 'directory') {
      await mkdir(place, { recursive: true })
      folders.push([place, entry.mode])
    } else await receiveFile(entry, place)
  }
  // At the end: one that may not be written to gets its files before.
  for (const [place, mode] of folders.toReversed()) await chmod(place, mode)
}

async function receiveFile({ content, mode }: CollectedEntry, place: string): Promise<void> {
  await pipeline(content, createWriteStream(place))
  await chmod(place, mode)
}

/** A daemon is not to write anywhere else on our side, whatever it says. */
function checkBelow(path: string): string {
  if (path === '' || (normalize(path) === path && !/^(\/|\.\.(\/|$))/.test(path))) return path
  throw new CorralError('CONTROL_FAILED', `the daemon has sent a path that leads elsewhere: ${JSON.stringify(path)}`)
}
