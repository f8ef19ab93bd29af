import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Machine } from '../compile-launcher.ts'

interface Lockfile {
  packages: Record<string, { version: string; integrity: string } | undefined>
}

/** The Node of a machine: what is installed here, or the same version from the registry, checked against the lockfile. */
export async function fetchNode(root: string, staging: string, machine: Machine): Promise<string> {
  const name = `node-linux-${machine}`
  const installed = join(root, 'node_modules', name)
  if (existsSync(join(installed, 'bin/node'))) return installed
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile
  const { version, integrity } = packages[`node_modules/${name}`]!
  const run = promisify(execFile)
  const { stdout } = await run('npm', ['pack', '--silent', `${name}@${version}`], { cwd: staging })
  const tarball = join(staging, stdout.trim())
  const digest = createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')
  if (integrity !== `sha512-${digest}`) throw new Error(`${name}@${version} is not what package-lock.json has`)
  const folder = join(staging, name)
  await mkdir(folder)
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  return folder
}
