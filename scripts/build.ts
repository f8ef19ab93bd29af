/**
 * Builds what users run: the launcher, the library (one module, with its declarations) and the command.
 * It is what `npm ci` ends with; `--launcher` builds the launcher alone.
 */
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
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
async function buildPackages(): Promise<void> {
  await Promise.all([runner, cli].map((folder) => rm(join(folder, 'dist'), { recursive: true, force: true })))
  await Promise.all([
    build({ ...shared, entryPoints: [join(runner, 'src/index.ts')], outdir: join(runner, 'dist'), sourcemap: true }),
    // Split, so that a subcommand loads its own part only. `packages` of others stay outside of neither.
    build({
      ...shared,
      entryPoints: [join(cli, 'src/main.ts')],
      outdir: join(cli, 'dist'),
      splitting: true,
      external: ['@corral/runner'],
    }),
  ])
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(runner, 'tsconfig.build.json')], {
    stdio: 'inherit',
  })
}

compileLauncher({ output: join(runner, 'native/corral-launcher') })
if (!process.argv.includes('--launcher')) await buildPackages()
