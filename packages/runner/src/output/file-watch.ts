import { type FSWatcher, watch } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/** One inotify watch for all readers of a file; readers are woken at each change. */
class FileWatch {
  readonly #watcher: FSWatcher
  readonly readers = new Set<() => void>()

  constructor(path: string) {
    // Readers keep the process alive by waiting for the job's end, not by this.
    this.#watcher = watch(path, { persistent: false }, () => {
      for (const wake of this.readers) wake()
    })
    this.#watcher.on('error', () => {})
  }

  close(): void {
    this.#watcher.close()
  }
}

const watches = new Map<string, FileWatch>()

/** An open file, and what tells it from all others as long as it is open: `DEV:INO`. */
interface WatchedFile {
  handle: FileHandle
  id: string
}

/**
 * Calls `wake` whenever the file changes, until the returned function is called. It is the open file that is watched,
 * through its descriptor (proc_pid_fd(5)): its path may be gone, or another job's.
 */
export function watchFile({ handle, id }: WatchedFile, wake: () => void): () => void {
  const shared = watches.get(id) ?? new FileWatch(`/proc/self/fd/${handle.fd}`)
  watches.set(id, shared)
  shared.readers.add(wake)
  return () => {
    shared.readers.delete(wake)
    if (shared.readers.size > 0 || watches.get(id) !== shared) return
    watches.delete(id)
    shared.close()
  }
}
