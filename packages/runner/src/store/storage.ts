import { type FileHandle, chmod, open, readdir, realpath, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'

import { CorralError } from '../errors/corral-error.ts'
import { fileError } from '../errors/errno.ts'
import { isName } from '../job/name.ts'
import { makeFolders } from './make-folders.ts'

/** Longest path that fits `sockaddr_un`, with its NUL (unix(7)). */
const maxSocketPath = 107

/**
 * Where jobs are kept when nothing else is said: `/var/lib/corral` for root, for others `$XDG_STATE_HOME/corral` or
 * `~/.local/state/corral`. The environment variable `CORRAL_STORAGE_ROOT` goes before all.
 */
export function defaultStorageRoot(): string {
  const named = process.env['CORRAL_STORAGE_ROOT']
  if (named) return named
  if (process.getuid?.() === 0) return '/var/lib/corral'
  return join(process.env['XDG_STATE_HOME'] || join(userInfo().homedir, '.local/state'), 'corral')
}

/** The storage root: one folder a job, and the launcher's socket and locks. */
export class Storage {
  readonly root: string
  /** Short name of this storage root, the same for every process that opens it; cgroups and scopes are called after it. */
  readonly id: string
  readonly #handle: FileHandle | undefined

  private constructor(root: string, id: string, handle: FileHandle | undefined) {
    this.root = root
    this.id = id
    this.#handle = handle
  }

  /**
   * Opens a storage root, making it (mode 0700) when it is not there.
   * @throws {CorralError} `STORAGE_UNUSABLE` when it cannot be made or others may write it.
   */
  static async open(path: string): Promise<Storage> {
    const root = await makeRoot(resolve(path))
    const { dev, ino, uid, mode } = await stat(root)
    if (uid !== process.geteuid?.() && uid !== 0) {
      throw new CorralError('STORAGE_UNUSABLE', `the storage root ${root} belongs to user ${uid}, not to this one`)
    }
    if ((mode & 0o022) !== 0) {
      const message = `the storage root ${root} may be written by others (mode ${(mode & 0o777).toString(8)}): chmod 700 it`
      throw new CorralError('STORAGE_UNUSABLE', message, { path: root })
    }
    const id = `${dev.toString(16)}.${ino.toString(16)}`
    const long = join(root, 'launcher.sock').length > maxSocketPath
    return new Storage(root, id, long ? await open(root) : undefined)
  }

  /** The launcher's socket, by a path that fits: a long one goes through a descriptor of the folder. */
  get socketPath(): string {
    return join(this.#handle === undefined ? this.root : `/proc/self/fd/${this.#handle.fd}`, 'launcher.sock')
  }

  /** The folder that holds the jobs' folders. */
  get jobsFolder(): string {
    return join(this.root, 'jobs')
  }

  /** The names of all folders of jobs, among them starts in progress. What is no such folder is passed over. */
  async names(): Promise<string[]> {
    try {
      const entries = await readdir(this.jobsFolder, { withFileTypes: true })
      return entries.filter((entry) => entry.isDirectory() && isName(entry.name)).map(({ name }) => name)
    } catch (error) {
      throw fileError('STORAGE_UNUSABLE', `list ${this.jobsFolder}`, error)
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }
}

/** Makes the folder; gives its path without links, as jobs are kept from it by that. */
async function makeRoot(path: string): Promise<string> {
  try {
    // Whatever the umask is.
    if ((await makeFolders(path, 0o700)).length > 0) await chmod(path, 0o700)
    await makeFolders(join(path, 'jobs'), 0o700)
    return await realpath(path)
  } catch (error) {
    throw fileError('STORAGE_UNUSABLE', `make the storage root ${path}`, error)
  }
}
