import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { errnoOf, errnoText } from '../errors/errno.ts'
import { notHandedDown } from './advice.ts'
import type { Controller } from './contract.ts'
import { controllers, type Hierarchy } from './layout.ts'

/**
 * Has the v2 cgroups on the way from one to another hand their controllers down, as far as this process may. Gives the
 * controllers that cgroups below the last one have, and notes in `missing` why not the others.
 */
export async function handOut(
  hierarchy: Hierarchy,
  from: string,
  cgroup: string,
  missing: Partial<Record<Controller, string>>,
): Promise<Controller[]> {
  const reasons = new Map<Controller, string>()
  for (const directory of pathFrom(from, cgroup)) {
    const [available, handed] = await Promise.all([
      readControllers(directory, 'cgroup.controllers'),
      readControllers(directory, 'cgroup.subtree_control'),
    ])
    for (const name of available.filter((each) => !handed.includes(each))) {
      const failure = await enable(directory, name)
      if (failure !== undefined) reasons.set(name, failure)
    }
  }
  const given = await readControllers(cgroup, 'cgroup.subtree_control')
  for (const name of hierarchy.controllers)
    if (!given.includes(name)) missing[name] = reasons.get(name) ?? notHandedDown(name, dirname(cgroup))
  return given
}

/** The directories from the top of a hierarchy down to a cgroup. */
function pathFrom(top: string, cgroup: string): string[] {
  return cgroup === top || cgroup.length < top.length ? [cgroup] : [...pathFrom(top, dirname(cgroup)), cgroup]
}

async function readControllers(directory: string, file: string): Promise<Controller[]> {
  const names = (await readFile(join(directory, file), 'utf8').catch(() => '')).trim().split(' ')
  return controllers.filter((name) => names.includes(name))
}

/** Undefined: it was; else why not. */
async function enable(directory: string, name: Controller): Promise<string | undefined> {
  try {
    await writeFile(join(directory, 'cgroup.subtree_control'), `+${name}`)
    return undefined
  } catch (error) {
    const errno = errnoOf(error) ?? ''
    const why =
      errno === 'EBUSY'
        ? 'it holds processes of its own, and cgroup v2 lets no such cgroup hand out controllers'
        : `${errnoText(errno)} (${errno})`
    return `${directory} does not hand out the ${name} controller: ${why}`
  }
}
