import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errnoOf } from '../errors/errno.ts'

/**
 * Makes a directory and those above it; gives what was made, innermost first. Node's own recursive mkdir goes on for
 * ever where the kernel says ENOENT of what cannot be made at all, as in /proc, and says ENOENT where the kernel has
 * said EROFS.
 */
export async function makeFolders(path: string, mode: number): Promise<string[]> {
  try {
    await mkdir(path, { mode })
    return [path]
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return []
    if (errnoOf(error) !== 'ENOENT') throw error
    const above = await makeFolders(dirname(path), mode)
    if (above.length === 0) throw error
    return [...(await makeFolders(path, mode)), ...above]
  }
}
