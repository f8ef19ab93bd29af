import { lstat, realpath } from 'node:fs/promises'
import { normalize } from 'node:path'

import { errnoOf, errnoText } from '../errors/errno.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'

/** Longest path that the kernel takes, with its NUL. */
const maxPathBytes = 4096

/** Checks an absolute path, and takes `.`, `..` and doubled slashes out of it. */
export function checkAbsolute(option: string, path: unknown): string {
  const valid = typeof path === 'string' && path.startsWith('/') && !path.includes('\0')
  if (!valid || Buffer.byteLength(path) >= maxPathBytes) {
    throw new InvalidOptionError(option, path, `an absolute path of less than ${maxPathBytes} bytes`)
  }
  const plain = normalize(path)
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain
}

/** Whether a path is a folder's own, or below it. Both are absolute and plain. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

/** Something of the host's that a job is to see. */
export interface Source {
  path: string
  isDirectory: boolean
  isDevice: boolean
}

/**
 * Checks a path of the host's that a job is to see. No part of it may be a symbolic link: who can change a link could
 * choose what is mounted. The launcher looks it up in the same way.
 */
export async function checkSource(option: string, path: unknown): Promise<Source> {
  const plain = checkAbsolute(option, path)
  try {
    const [real, stats] = await Promise.all([realpath(plain), lstat(plain)])
    if (real === plain) {
      return {
        path: plain,
        isDirectory: stats.isDirectory(),
        isDevice: stats.isCharacterDevice() || stats.isBlockDevice(),
      }
    }
    throw new InvalidOptionError(option, path, `a path without symbolic links, such as ${real}`)
  } catch (error) {
    if (error instanceof InvalidOptionError) throw error
    const errno = errnoOf(error) ?? ''
    throw new InvalidOptionError(
      option,
      path,
      `a path of the host's that can be opened: ${errnoText(errno)} (${errno})`,
    )
  }
}
