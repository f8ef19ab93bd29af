import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, opendir } from 'node:fs/promises'

/** A file or a folder of a tree; of a file what it holds. */
export interface TreeEntry {
  /** Relative to the tree's root; empty: it is that. */
  path: string
  stats: Stats
  /** Open until the next entry is asked for; of a folder null. */
  file: FileHandle | null
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants

/** Links are not followed, and a pipe that nobody writes to does not keep us waiting. */
const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * Opens what is below a folder, name by name, through no link: another job may have been given the folder to write to.
 * Undefined: it is not there, or is neither a file nor a folder.
 */
export async function openBelow(root: string, path: string): Promise<FileHandle | undefined> {
  const names = path.split('/').filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..')) return undefined
  let at = await openAt(root, O_DIRECTORY)
  for (const name of names) {
    if (!at) break
    const next: FileHandle | undefined = await openIn(at, Buffer.from(name))
    await at.close()
    at = next
  }
  return at
}

/** All of a tree, folders before what is in them. Takes the handle over. */
export async function* walk(root: FileHandle, path = ''): AsyncGenerator<TreeEntry, void, undefined> {
  try {
    const stats = await root.stat()
    yield { path, stats, file: stats.isDirectory() ? null : root }
    if (!stats.isDirectory()) return
    for await (const name of namesIn(root)) {
      const entry = await openIn(root, name)
      if (entry) yield* walk(entry, path === '' ? name.toString() : `${path}/${name.toString()}`)
    }
  } finally {
    await root.close()
  }
}

async function* namesIn(folder: FileHandle): AsyncGenerator<Buffer> {
  // Node gives names as they are when it is asked for buffers, which its types do not know of.
  const entries = (await opendir(placeOf(folder), { encoding: 'buffer' as BufferEncoding })) as AsyncIterable<unknown>
  for await (const { name } of entries as AsyncIterable<{ name: Buffer }>) yield name
}

/** Node has no openat(2); the folder's entry in /proc leads to it, wherever it is meanwhile (proc(5)). */
function placeOf(folder: FileHandle): string {
  return `/proc/self/fd/${folder.fd}`
}

async function openIn(folder: FileHandle, name: Buffer): Promise<FileHandle | undefined> {
  return openAt(Buffer.concat([Buffer.from(`${placeOf(folder)}/`), name]))
}

/** Of what has gone, of a link and of what cannot be opened there is nothing. */
const nothing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENAMETOOLONG'])

async function openAt(path: string | Buffer, more = 0): Promise<FileHandle | undefined> {
  const handle = await open(path, flags | more).catch((error: NodeJS.ErrnoException) => {
    if (nothing.has(error.code ?? '')) return undefined
    throw error
  })
  const stats = await handle?.stat()
  if (!stats || stats.isFile() || stats.isDirectory()) return handle
  await handle!.close()
  return undefined
}
