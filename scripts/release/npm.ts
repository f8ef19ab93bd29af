import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

import { compileLauncher, compileSyscall, type Machine } from '../compile-launcher.ts'
import { nativeNotice } from './licences.ts'

/** What is published, by the folder's name below packages/. `@corral/certs` is part of what uses it. */
const published = ['runner', 'api', 'client', 'cli', 'daemon'] as const

/** Those that have programs of each machine beside them. */
const withPrograms: ReadonlySet<string> = new Set(['runner', 'daemon'])

export interface Release {
  /** The repository. */
  root: string
  /** Where packages are put together. */
  staging: string
  /** Where what is published goes. */
  out: string
  machines: readonly Machine[]
}

/** Where a package was put together, by its name. */
export type Staged = ReadonlyMap<string, string>

interface Manifest {
  name: string
  version: string
  files: string[]
  imports?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** The package with the programs of a machine. */
export function programsPackage(machine: Machine): string {
  return `@corral/launcher-linux-${machine}`
}

/** Puts each npm package together and packs it. */
export async function stagePackages({ root, staging, out, machines }: Release): Promise<Staged> {
  const staged = await Promise.all([
    ...published.map((name) => stagePackage(root, staging, name)),
    ...machines.map((machine) => stagePrograms(root, staging, machine)),
  ])
  await Promise.all(staged.map(([, folder]) => pack(folder, out)))
  return new Map(staged)
}

/** As it is in the repository, but that the programs come from the machine's own package. */
async function stagePackage(root: string, staging: string, name: string): Promise<[string, string]> {
  const source = join(root, 'packages', name)
  const folder = join(staging, name)
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Manifest
  const files = manifest.files.filter((file) => file !== 'native')
  await mkdir(folder)
  await Promise.all(files.map((file) => cp(join(source, file), join(folder, file), { recursive: true })))
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  delete manifest.devDependencies
  manifest.files = files
  if (withPrograms.has(name)) manifest.optionalDependencies = programsOf(manifest.version)
  await writeManifest(folder, manifest)
  return [manifest.name, folder]
}

function programsOf(version: string): Record<string, string> {
  return Object.fromEntries((['x64', 'arm64'] as const).map((machine) => [programsPackage(machine), version]))
}

async function stagePrograms(root: string, staging: string, machine: Machine): Promise<[string, string]> {
  const name = programsPackage(machine)
  const folder = join(staging, basename(name))
  compileLauncher({ output: join(folder, 'corral-launcher'), machine })
  compileSyscall({ output: join(folder, 'corral-syscall'), machine })
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  await writeFile(join(folder, 'NOTICE'), await nativeNotice(machine))
  await writeManifest(folder, {
    name,
    version,
    description: `What @corral/runner and @corral/daemon run on Linux, for ${machine}`,
    license,
    files: ['corral-launcher', 'corral-syscall', 'NOTICE'],
    os: ['linux'],
    cpu: [machine],
    preferUnplugged: true,
  })
  return [name, folder]
}

async function writeManifest(folder: string, manifest: object): Promise<void> {
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

async function pack(folder: string, out: string): Promise<void> {
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', out]
  const { stdout } = await promisify(execFile)('npm', words, { cwd: folder })
  process.stdout.write(`${join(out, stdout.trim())}\n`)
}
