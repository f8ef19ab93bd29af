import { existsSync, readFileSync } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How this host's cgroups are laid out. */
export const layout = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'unified' : 'hybrid'

const expected = process.env['CORRAL_LAYOUT']
if (expected !== undefined && expected !== layout)
  throw new Error(`CORRAL_LAYOUT is ${expected}, and the host is ${layout}`)

/** The directories, in all hierarchies, in which the jobs of a storage root have their cgroups. */
export async function placesOf(storageRoot: string): Promise<string[]> {
  const { dev, ino } = await stat(storageRoot)
  const id = `${dev.toString(16)}.${ino.toString(16)}`
  return Array.fromAsync(glob(`/sys/fs/cgroup/**/corral-${id}`))
}

/** The cgroups of the jobs of a storage root. */
export async function jobCgroups(storageRoot: string): Promise<string[]> {
  const below = (await placesOf(storageRoot)).map((place) => Array.fromAsync(glob(`${place}/*/`)))
  const isOurs = /\/(runner|launcher)\/?$/
  return (await Promise.all(below)).flat().filter((path) => !isOurs.test(path))
}

/** What a file of a job's cgroup says, trimmed, whichever hierarchy has it. */
export async function readCgroup(storageRoot: string, name: string, file: string): Promise<string> {
  for (const place of await placesOf(storageRoot)) {
    const path = join(place, name, file)
    if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  }
  throw new Error(`${name} has no ${file} in ${(await placesOf(storageRoot)).join(', ')}`)
}
