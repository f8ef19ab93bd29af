/**
 * Builds what users run: the launcher, the library (one module, with its declarations) and the command.
 * It is what `npm ci` ends with; `--launcher` builds the launcher alone.
 */
import { execFileSync } from 'node:child_process'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { build, type BuildOptions } from 'esbuild'

import { compileLauncher } from './compile-launcher.ts'

const root = join(import.meta.dirname, '..')
const runner = join(root, 'packages/runner')
const cli = join(root, 'packages/cli')

const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  legalComments: 'linked',
  logLevel: 'warning',
}

/** Modules are bundled for start-up time: each file costs half a millisecond. */
async function buildRunner(outdir: string): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await build({ ...shared, entryPoints: [join(runner, 'src/index.ts')], outdir, sourcemap: true })
  execFileSync(process.execPath, [tsc, '-p', join(runner, 'tsconfig.build.json'), '--outDir', outdir], {
    stdio: 'inherit',
  })
}

/** Split, so that a subcommand loads its own part only; the library stays a module of its own. */
async function buildCli(outdir: string): Promise<void> {
  const entryPoints = [join(cli, 'src/main.ts')]
  await build({ ...shared, entryPoints, outdir, splitting: true, minifyWhitespace: true, external: ['@corral/runner'] })
}

/** Builds beside what is there, and puts it in its place when it is whole: a program that runs finds one or the other. */
async function replaceDist(folder: string, make: (outdir: string) => Promise<void>): Promise<void> {
  const [dist, next, last] = ['dist', 'dist.new', 'dist.old'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await Promise.all([next, last].map((path) => rm(path, { recursive: true, force: true })))
  await make(next)
  await rename(dist, last).catch(() => {})
  await rename(next, dist)
  await rm(last, { recursive: true, force: true })
}

compileLauncher({ output: join(runner, 'native/corral-launcher') })
if (!process.argv.includes('--launcher'))
  await Promise.all([replaceDist(runner, buildRunner), replaceDist(cli, buildCli)])
