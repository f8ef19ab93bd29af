import { constants, writev } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Where lines are appended to. */
export interface LineFile {
  /** Writes some bytes of them, as many as go in one call, and tells how many. */
  write(lines: readonly Buffer[]): Promise<number>
  close(): Promise<void>
}

/**
 * Opens a file to append to, made with the mode 0600 where there is none; one that is there keeps its mode, as logrotate
 * may have given it. `'stdout'` is standard output.
 */
export async function openLineFile(path: string): Promise<LineFile> {
  if (path === 'stdout') return { write: writeStdout, close: async () => {} }
  // O_NONBLOCK: a FIFO that nobody reads is refused, and not waited for.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
  const file = await open(path, flags, 0o600)
  await refuseSpecial(path, file)
  return {
    write: async (lines) => (await file.writev([...lines])).bytesWritten,
    close: () => file.close(),
  }
}

async function writeStdout(lines: readonly Buffer[]): Promise<number> {
  return (await promisify(writev)(1, [...lines])).bytesWritten
}

async function refuseSpecial(path: string, file: FileHandle): Promise<void> {
  const stats = await file.stat()
  if (stats.isFile() || stats.isCharacterDevice()) return
  await file.close()
  throw new Error(`${path} is no regular file, which an audit log is`)
}
