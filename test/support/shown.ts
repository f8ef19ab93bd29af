import { realpathSync } from 'node:fs'

import type { Mount } from '@corral/runner'

/** By its own Node: programs that use this are compiled to another place. */
const repository = process.execPath.split('/node_modules/')[0]!

/** Mounts that show a job what of these is below /tmp, where the checkout may be; the rest it sees anyhow. */
export function shown(...paths: string[]): Mount[] {
  const real = [repository, ...paths].map((path) => realpathSync(path)).filter((path) => path.startsWith('/tmp/'))
  return [...new Set(real)].map((source) => ({ type: 'bind-ro', source }))
}
