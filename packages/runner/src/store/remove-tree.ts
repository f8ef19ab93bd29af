import { chmod, opendir, rename, rmdir, unlink } from 'node:fs/promises'

import { errnoOf } from '../errors/errno.ts'

/**
 * Removes a folder with all that is in it, which may be what a job has made: of any depth, with any names and modes.
 * Node's own removal fails where a path becomes too long, and where an owner has closed a folder even to itself. Here
 * folders that are not empty are moved up to the top and emptied there, so that no path has more than two names below it.
 * What somebody else removes meanwhile is as good as removed.
 */
export async function removeTree(path: string): Promise<void> {
  const top = Buffer.from(path)
  do {
    for await (const folder of fullFolders(top)) {
      for await (const deeper of fullFolders(folder)) await moveUp(deeper, top)
      await remove(folder)
    }
  } while (!(await remove(top)))
}

/** Removes what is in a folder, and gives the folders that are not empty. */
async function* fullFolders(folder: Buffer): AsyncGenerator<Buffer> {
  for await (const name of namesIn(folder)) {
    const path = below(folder, name)
    if (!(await remove(path))) yield path
  }
}

async function* namesIn(folder: Buffer): AsyncGenerator<Buffer> {
  try {
    // Whoever is not root has no more rights to it than its modes say. One that belongs to another is refused below.
    await chmod(folder, 0o700).catch(() => {})
    // Node gives names as they are when it is asked for buffers, which its types do not know of.
    const entries = (await opendir(folder, { encoding: 'buffer' as BufferEncoding })) as AsyncIterable<unknown>
    for await (const { name } of entries as AsyncIterable<{ name: Buffer }>) yield name
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name])
}

/** False: it is a folder that is not empty. */
async function remove(path: Buffer): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true
    if (errnoOf(error) !== 'EISDIR') throw error
  }
  try {
    await rmdir(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY') return false
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  return true
}

async function moveUp(folder: Buffer, top: Buffer): Promise<void> {
  // Its parent is written into it, which its modes must allow.
  await chmod(folder, 0o700).catch(() => {})
  try {
    await rename(folder, below(top, Buffer.from(`${crypto.randomUUID()}.removed`)))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
