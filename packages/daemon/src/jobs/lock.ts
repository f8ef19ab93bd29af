import { readFile, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'

import { CorralError } from '@corral/runner'

/** SQLITE_BUSY: another process holds the lock. */
const busy = 5

/**
 * A lock on a storage root that dies with its process, however that ends. Node has no call for one; SQLite takes one of
 * the kernel's (fcntl(2), F_SETLK) on its file, and nothing is ever written to that.
 */
export class StorageLock implements Disposable {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @throws {CorralError} `STORAGE_UNUSABLE` when another daemon has it; says which one. */
  static async take(path: string): Promise<StorageLock> {
    const database = openDatabase(path)
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
      return new StorageLock(database)
    } catch (cause) {
      database.close()
      const isHeld = (cause as { errcode?: number }).errcode === busy
      const why = isHeld ? `${await nameHolder(path)} has it: one daemon per storage root` : String(cause)
      throw new CorralError('STORAGE_UNUSABLE', `could not lock ${path}: ${why}`, { path, cause })
    }
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (cause) {
    throw new CorralError('STORAGE_UNUSABLE', `could not open ${path}: ${String(cause)}`, { path, cause })
  }
}

/** Who holds a lock on a file, as proc_locks(5) tells. */
async function nameHolder(path: string): Promise<string> {
  const { dev, ino } = await stat(path)
  const file = `${hex(dev >> 8)}:${hex(dev & 0xff)}:${ino}`
  const lines = (await readFile('/proc/locks', 'utf8').catch(() => '')).split('\n')
  const pid = lines.map((line) => line.trim().split(/\s+/)).find((words) => words[5] === file)?.[4]
  return pid === undefined ? 'another process' : `process ${pid}`
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}
