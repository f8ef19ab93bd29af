import { posix } from 'node:path'

/** An absolute path without `.`, `..`, doubled slashes and one at its end; undefined: it is none. */
export function plainPath(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) return undefined
  const plain = posix.normalize(path)
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain
}

/** Whether a plain path is one of these folders, or below it. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`))
}
