import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { LauncherProcess } from '../launcher/launcher-process.ts'
import { eventually, slowness } from '../support/eventually.ts'
import { skipTest } from '../support/skip.ts'

const pageBytes = 4096
const diskBytes = 1024 * 1024

/** A small disk that is mounted as a storage root, with a launcher on it that soon leaves when it may. */
export class SmallDisk implements AsyncDisposable {
  readonly root: string
  readonly #launcher: LauncherProcess
  readonly #filler: string

  private constructor(root: string, launcher: LauncherProcess) {
    this.root = root
    this.#launcher = launcher
    this.#filler = join(root, 'filler')
  }

  static async mount(folder: string): Promise<SmallDisk> {
    const root = join(folder, 'disk')
    await mkdir(root)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=0700`, 'corral-test', root])
    return new SmallDisk(root, await LauncherProcess.start(root, 300 * slowness))
  }

  /** Fills it, and leaves so many pages free. */
  async fill(freePages: number): Promise<void> {
    await rm(this.#filler, { force: true })
    const full = await writeFile(this.#filler, Buffer.alloc(diskBytes * 2)).catch(
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(full).toBe('ENOSPC')
    const used = execFileSync('stat', ['-c', '%s', this.#filler], { encoding: 'utf8' })
    execFileSync('truncate', ['-s', String(Number(used) - freePages * pageBytes), this.#filler])
  }

  async empty(): Promise<void> {
    await rm(this.#filler, { force: true })
  }

  /** The launcher has gone by itself before the disk is unmounted: nothing holds on to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using launcher = this.#launcher
    expect(await launcher.end).toBe(0)
    // Its spare init sees that, and goes as well.
    await unmount(this.root)
  }
}

/** Takes a disk away once nothing holds on to it any more. */
export async function unmount(path: string): Promise<void> {
  await eventually(() => execFileSync('umount', [path], { stdio: 'pipe' }), 15_000 * slowness)
}

/** Only root may mount. */
export function requireRoot(skip: (note: string) => never): void {
  if (process.geteuid!() === 0) return
  skipTest(skip, {
    what: 'full and foreign storage roots',
    why: 'only root may mount and chown',
    unskip: 'run the tests as root',
  })
}
