import { existsSync, readdirSync } from 'node:fs'
import { chmod, glob, mkdtemp, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner, type RunnerConfig } from '@corral/runner'
import { expect, inject, test as base } from 'vitest'

import { jobCgroups, placesOf } from './cgroups.ts'
import type { Skip } from '../vm/requirements.ts'
import { countWatches, openDescriptors, warmUp } from './descriptors.ts'
import { eventually } from './eventually.ts'
import { expectToGo, rootPrefix } from './leftovers.ts'
import { skipTest } from './skip.ts'

export { jobCgroups, placesOf } from './cgroups.ts'
export { eventually } from './eventually.ts'

/** What a test of the library has. */
export interface Fixtures {
  /** A folder of the test's own, removed at its end. */
  folder: string
  /** Opens a runner over the test's storage root, or another one below `folder`; it is closed at the end. */
  openRunner: (config?: RunnerConfig) => Promise<CgroupRunner>
  /** A runner over the test's storage root. */
  runner: CgroupRunner
}

/**
 * A test that has a storage root of its own. At its end all runners are closed, and it fails when anything is left:
 * a job that still runs, a cgroup, a process, or an open descriptor or watch of this process.
 */
export const test = base.extend<Fixtures>({
  folder: async ({ skip }, use) => {
    if (process.geteuid?.() !== 0) skipTest(skip, notRoot)
    await warmUp()
    const folder = await mkdtemp(join(inject('runFolder'), rootPrefix))
    await chmod(folder, 0o755)
    const before = { descriptors: openDescriptors(), watches: countWatches() }
    await use(folder)
    await expectNothingLeft(folder)
    await eventually(() => {
      expect(openDescriptors().filter((line) => !before.descriptors.includes(line))).toEqual([])
      expect(countWatches()).toBe(before.watches)
    })
    await rm(folder, { recursive: true, force: true })
  },
  openRunner: async ({ folder }, use) => {
    const runners: CgroupRunner[] = []
    await use(async (config = {}) => {
      const runner = await CgroupRunner.open({ storageRoot: join(folder, 'root'), ...config })
      runners.push(runner)
      return runner
    })
    for (const runner of runners.reverse()) await runner.close()
    await removeKept(folder)
  },
  runner: async ({ openRunner }, use) => {
    await use(await openRunner())
  },
})

/** Jobs of an ordinary user, with a systemd of its own, are tested in the virtual machine. */
const notRoot: Skip = {
  what: 'the behaviour tests on this host',
  why: 'they make cgroups and namespaces, and this process is not root',
  unskip: 'run them as root; the virtual machine runs them for any user',
}

/** The storage roots that a test has made below its folder. */
async function storageRoots(folder: string): Promise<string[]> {
  const jobs = await Array.fromAsync(glob(join(folder, '*/jobs')))
  return jobs.map((path) => join(path, '..'))
}

/** Jobs that a test has left on purpose, with `onExit: 'keep'`, or that have ended. */
async function removeKept(folder: string): Promise<void> {
  for (const storageRoot of await storageRoots(folder)) {
    if (readdirSync(join(storageRoot, 'jobs')).length === 0) continue
    await using runner = await CgroupRunner.open({ storageRoot, onExit: 'keep' })
    for (const { name } of await runner.list()) await runner.stop(name)
  }
}

/** Fails when anything is left of the storage roots below a folder. */
export async function expectNothingLeft(folder: string): Promise<void> {
  for (const storageRoot of await storageRoots(folder)) {
    await eventually(async () => {
      expect(await jobCgroups(storageRoot)).toEqual([])
      expect(await initsOf(storageRoot)).toEqual([])
      expect(readdirSync(join(storageRoot, 'jobs'))).toEqual([])
    })
    await expectToGo(inject('runFolder'), await placesOf(storageRoot))
  }
}

/** Inits of a storage root's jobs. A launcher or a spare has the same command line, but no job's folder open. */
async function initsOf(storageRoot: string): Promise<string[]> {
  const found: string[] = []
  for await (const file of glob('/proc/[0-9]*/cmdline')) {
    const [program, root] = (await readFile(file, 'utf8').catch(() => '')).split('\0')
    if (!program?.endsWith('/corral-launcher') || root !== storageRoot) continue
    const folder = join(file, '../fd')
    for (const fd of existsSync(folder) ? readdirSync(folder) : []) {
      const target = await readlink(join(folder, fd)).catch(() => '')
      if (target.startsWith(join(storageRoot, 'jobs/'))) found.push(`${file}: ${target}`)
    }
  }
  return found
}
