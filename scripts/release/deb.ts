import { execFile } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import type { Machine } from '../compile-launcher.ts'
import { writeControl } from './deb-control.ts'
import { fetchNode } from './node.ts'
import { programsPackage, type Release, type Staged } from './npm.ts'

interface DebBuild extends Omit<Release, 'machines'> {
  machine: Machine
  packages: Staged
}

/** Debian's names. */
export const debianArch = { x64: 'amd64', arm64: 'arm64' } as const

/** Where the packages are on the host, with a Node of their own: Debian 12 has none that is new enough. */
const home = '/usr/lib/corral'

/** Commands, and the first file of each. */
const commands = {
  '/usr/bin/corral': `${home}/node_modules/corral/bin/corral.js`,
  '/usr/sbin/corrald': `${home}/node_modules/@corral/daemon/bin/corrald.js`,
} as const

/** Makes the Debian package of a machine. */
export async function buildDeb({ root, staging, out, machine, packages }: DebBuild): Promise<void> {
  const tree = join(staging, `deb-${machine}`)
  const share = join(root, 'packages/daemon/share')
  const node = await fetchNode(root, staging, machine)
  await placePackages(tree, machine, packages)
  await place(join(node, 'bin/node'), tree, `${home}/bin/node`, 0o755)
  await place(join(node, 'LICENSE'), tree, '/usr/share/doc/corrald/LICENSE.node', 0o644)
  await place(join(root, 'LICENSE'), tree, '/usr/share/doc/corrald/copyright', 0o644)
  for (const page of ['daemon.md', 'metrics.md', 'policy.md']) {
    await place(join(root, 'docs', page), tree, `/usr/share/doc/corrald/${page}`, 0o644)
  }
  await place(join(share, 'corrald.toml'), tree, '/etc/corral/corrald.toml', 0o640)
  for (const unit of ['corrald.service', 'corrald.socket']) {
    await place(join(share, 'systemd', unit), tree, `/lib/systemd/system/${unit}`, 0o644)
  }
  await placeCommands(tree)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  await writeControl({ root, tree, version, architecture: debianArch[machine] })
  const file = join(out, `corrald_${version}_${debianArch[machine]}.deb`)
  // zstd: xz takes a minute for what is Node for the most part. Debian 12 and Ubuntu 22.04 have it.
  await promisify(execFile)('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z6', '--build', tree, file])
  process.stdout.write(`${file}\n`)
}

async function placePackages(tree: string, machine: Machine, packages: Staged): Promise<void> {
  for (const name of ['corral', '@corral/daemon', '@corral/runner', programsPackage(machine)]) {
    await cp(packages.get(name)!, join(tree, home, 'node_modules', name), { recursive: true })
  }
}

/** Each command's first file names the Node that came with it. */
async function placeCommands(tree: string): Promise<void> {
  for (const [command, file] of Object.entries(commands)) {
    const path = join(tree, file)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/^#!.*/, `#!${home}/bin/node`))
    await chmod(path, 0o755)
    await mkdir(dirname(join(tree, command)), { recursive: true })
    await symlink(file, join(tree, command))
  }
}

async function place(source: string, tree: string, target: string, mode: number): Promise<void> {
  const path = join(tree, target)
  await mkdir(dirname(path), { recursive: true })
  await copyFile(source, path)
  await chmod(path, mode)
}
