import { existsSync } from 'node:fs'
import { appendFile, chmod, glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { TestProject } from 'vitest/node'

import { compilePrograms } from './programs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of all tests of this run: other runs, at the same time, have others. */
    runFolder: string
  }
}

/** How long the last launchers stay with nothing to do, and some. */
const patienceMs = 60_000

/** What the names of the tests' storage roots begin with. */
export const rootPrefix = 'corral-test-'

/** Before all tests: their programs are made, and a folder outside of /tmp, of which each job has one of its own. After them: nothing is left, once the last launchers have gone. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await compilePrograms()
  const folder = await mkdtemp(join('/var/tmp', rootPrefix))
  await chmod(folder, 0o755)
  project.provide('runFolder', folder)
  return async () => {
    await expectNothingLeft(folder)
    await rm(folder, { recursive: true })
  }
}

/** Has the end of the run look whether these directories are gone, which the launcher removes when it goes. */
export async function expectToGo(runFolder: string, directories: readonly string[]): Promise<void> {
  await appendFile(join(runFolder, 'places'), directories.map((directory) => `${directory}\n`).join(''))
}

/** Nothing tells of the end of a process that is not our child: hence a look now and then. */
async function expectNothingLeft(folder: string): Promise<void> {
  const places = (await readFile(join(folder, 'places'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((place) => place !== '')
  for (const deadline = performance.now() + patienceMs; ; await delay(100)) {
    const left = [...(await findLaunchers(folder)), ...new Set(places.filter((place) => existsSync(place)))]
    if (left.length === 0) return
    if (performance.now() > deadline) throw new Error(`left over after all tests:\n${left.join('\n')}`)
  }
}

/** Launchers and inits of this run's storage roots. */
async function findLaunchers(folder: string): Promise<string[]> {
  const left: string[] = []
  for await (const file of glob('/proc/[0-9]*/cmdline')) {
    const [program, root] = (await readFile(file, 'utf8').catch(() => '')).split('\0')
    if (program?.endsWith('/corral-launcher') && root?.startsWith(`${folder}/`))
      left.push(`${file}: ${program} ${root}`)
  }
  return left
}
