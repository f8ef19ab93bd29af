import { watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** Files that belong together are replaced one after another: how long nothing has to happen until they are read. */
const quietMs = 100
/** After which they are read though it is never quiet, as in a folder that others write to. */
const patienceMs = 1000

/**
 * Tells when something may have changed in the folders of files: they are watched, not the files, which are replaced by
 * others of their name, or by links elsewhere. Gives what ends it.
 */
export function watchFolders(
  files: readonly string[],
  onChange: () => void,
  onError: (error: Error) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let firstChange: number | undefined
  const changed = (): void => {
    firstChange ??= performance.now()
    if (performance.now() - firstChange > patienceMs) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      firstChange = undefined
      onChange()
    }, quietMs).unref()
  }
  const watchers: FSWatcher[] = []
  const stop = (): void => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const watcher = watch(folder, { persistent: false }, changed)
    watchers.push(watcher.on('error', onError))
  }
  return stop
}
