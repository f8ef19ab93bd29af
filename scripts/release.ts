/**
 * Makes what is published, from what `npm run build` has made: a tarball of each npm package, the launchers for each
 * machine among them, and a Debian package for each machine.
 *
 *     npm run release                            # everything, into dist/
 *     npm run release -- --machine x64           # for one machine only; more with more of them
 *     npm run release -- --no-deb --out DIR
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import type { Machine } from './compile-launcher.ts'
import { buildDeb } from './release/deb.ts'
import { stagePackages } from './release/npm.ts'

const root = join(import.meta.dirname, '..')
const { values: options } = parseArgs({
  options: {
    machine: { type: 'string', multiple: true, default: ['x64', 'arm64'] },
    out: { type: 'string', default: join(root, 'dist') },
    deb: { type: 'boolean', default: true },
  },
  allowNegative: true,
})

const machines = options.machine.map((name): Machine => {
  if (name === 'x64' || name === 'arm64') return name
  throw new RangeError(`--machine: received ${name}; accepted: x64, arm64`)
})
const out = resolve(options.out)
await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
const staging = await mkdtemp(join(root, 'node_modules/.release-'))
try {
  const packages = await stagePackages({ root, staging, out, machines })
  if (options.deb) await Promise.all(machines.map((machine) => buildDeb({ root, staging, out, machine, packages })))
} finally {
  await rm(staging, { recursive: true, force: true })
}
