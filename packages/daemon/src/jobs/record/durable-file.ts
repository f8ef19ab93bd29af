import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

const draftEnding = '.new'

/** Whether a file is one that `replaceFile` was kept from finishing. */
export function isDraft(path: string): boolean {
  return path.endsWith(draftEnding)
}

/**
 * Replaces a file, as a whole or not at all; what it held and holds may be secret. `durable`: it is there also after a
 * loss of power.
 */
export async function replaceFile(path: string, text: string, durable: boolean): Promise<void> {
  const draft = `${path}${draftEnding}`
  try {
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(text)
      if (durable) await file.datasync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await unlink(draft).catch(() => {})
    throw error
  }
  if (durable) await syncFolder(dirname(path))
}

/** Has the names in a folder last. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.datasync()
  } finally {
    await folder.close()
  }
}
