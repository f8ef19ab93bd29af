import type { Stats } from 'node:fs'
import { lstat, opendir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf } from '../errors/errno.ts'
import type { Layer } from '../store/job-spec.ts'

/** What a job with an overlay has made of its root. */
export interface Change {
  /** `modified` is also a folder in which something has changed. A folder that is `deleted` is one change, whatever was in it. */
  kind: 'added' | 'modified' | 'deleted'
  /** Absolute in the job. Bytes that are no UTF-8 are replaced. */
  path: string
  /** What it is now; for what was deleted, what it was. */
  type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'
}

/** The folder of a layer that holds what was written. */
export function upperOf({ folder }: Layer): string {
  return join(folder, 'upper')
}

/**
 * The changes in a layer, folders before what is in them, each as it is found. What the job saw below its layer is taken
 * to be what is there now. Undefined: it is not known which folders were replaced, as nobody saw the job's end.
 */
export async function readChanges(layer: Layer): Promise<AsyncGenerator<Change> | undefined> {
  const opaque = await readOpaque(layer)
  if (!opaque) return undefined
  const start = { upper: Buffer.from(upperOf(layer)), lower: Buffer.from(layer.source), isReplaced: false }
  return new LayerWalk(layer.target, opaque).changesIn(Buffer.alloc(0), start)
}

/** The folders that were deleted and made anew: as init lists them, see launcher/layer.c. By their bytes, as latin1. */
async function readOpaque({ folder }: Layer): Promise<Set<string> | undefined> {
  try {
    return new Set((await readFile(join(folder, 'opaque'), 'latin1')).split('\0'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A folder of a layer, and what is below it. Paths are bytes, as a job's need not be text. */
interface Place {
  upper: Buffer
  /** Null: there was nothing, or no folder. */
  lower: Buffer | null
  /** Nothing of the lower folder is to be seen in it. */
  isReplaced: boolean
}

class LayerWalk {
  readonly #target: string
  readonly #opaque: ReadonlySet<string>

  constructor(target: string, opaque: ReadonlySet<string>) {
    this.#target = target
    this.#opaque = opaque
  }

  /** `at`: the folder's path below the layer. */
  async *changesIn(at: Buffer, place: Place): AsyncGenerator<Change> {
    for await (const name of namesIn(place.upper)) {
      const path = at.length === 0 ? name : below(at, name)
      const upper = below(place.upper, name)
      const lower = place.lower && below(place.lower, name)
      const [now, before] = await Promise.all([lstat(upper), lower && lstatIfThere(lower)])
      if (isWhiteout(now)) {
        yield this.#change('deleted', path, before ?? null)
        continue
      }
      yield this.#change(before ? 'modified' : 'added', path, now)
      if (!now.isDirectory()) continue
      const isReplaced = place.isReplaced || this.#opaque.has(path.toString('latin1'))
      yield* this.changesIn(path, { upper, lower: before?.isDirectory() ? lower : null, isReplaced })
    }
    if (place.isReplaced && place.lower) yield* this.#gone(at, place.upper, place.lower)
  }

  /** What a folder that was made anew no longer has. */
  async *#gone(at: Buffer, upper: Buffer, lower: Buffer): AsyncGenerator<Change> {
    for await (const name of namesIn(lower)) {
      if (await lstatIfThere(below(upper, name))) continue
      yield this.#change('deleted', below(at, name), await lstatIfThere(below(lower, name)))
    }
  }

  #change(kind: Change['kind'], path: Buffer, stats: Stats | null): Change {
    return { kind, path: join(this.#target, path.toString()), type: typeOf(stats) }
  }
}

async function* namesIn(folder: Buffer): AsyncGenerator<Buffer> {
  // Node gives names as they are when it is asked for buffers, which its types do not know of.
  const entries = (await opendir(folder, { encoding: 'buffer' as BufferEncoding })) as AsyncIterable<unknown>
  for await (const { name } of entries as AsyncIterable<{ name: Buffer }>) yield name
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name])
}

async function lstatIfThere(path: Buffer): Promise<Stats | null> {
  try {
    return await lstat(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null
    throw error
  }
}

/** A character device 0/0 stands for what was deleted; a job cannot make one (Documentation/filesystems/overlayfs.rst). */
function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0
}

function typeOf(stats: Stats | null): Change['type'] {
  if (stats?.isDirectory()) return 'directory'
  if (stats?.isSymbolicLink()) return 'symlink'
  if (stats?.isFIFO()) return 'fifo'
  if (stats?.isSocket()) return 'socket'
  return stats?.isCharacterDevice() || stats?.isBlockDevice() ? 'device' : 'file'
}
