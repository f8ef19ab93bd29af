import { type FSWatcher, watch } from 'node:fs'

/** One inotify watch for all readers of a file; readers are woken at each change. */
class FileWatch {
  readonly #watcher: FSWatcher
  readonly readers = new Set<() => void>()

  constructor(path: string) {
    this.#watcher = watch(path, () => {
      for (const wake of this.readers) wake()
    })
    // A file that goes away has its end announced by other means.
    this.#watcher.on('error', () => {})
  }

  close(): void {
    this.#watcher.close()
  }
}

const watches = new Map<string, FileWatch>()

/** Calls `wake` whenever the file changes, until the returned function is called. */
export function watchFile(path: string, wake: () => void): () => void {
  const shared = watches.get(path) ?? new FileWatch(path)
  watches.set(path, shared)
  shared.readers.add(wake)
  return () => {
    shared.readers.delete(wake)
    if (shared.readers.size > 0 || watches.get(path) !== shared) return
    watches.delete(path)
    shared.close()
  }
}
