import { realpathSync } from 'node:fs'
import { join } from 'node:path'

import type { Mount } from '@corral/runner'

const repository = join(import.meta.dirname, '../..')

/** Mounts that show a job what of these is below /tmp, where the checkout may be; the rest it sees anyhow. */
export function shown(...paths: string[]): Mount[] {
  const real = [repository, ...paths].map((path) => realpathSync(path)).filter((path) => path.startsWith('/tmp/'))
  return [...new Set(real)].map((source) => ({ type: 'bind-ro', source }))
}
