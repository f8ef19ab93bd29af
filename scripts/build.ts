/**
 * Builds what users run: the native programs, the libraries (each one module, with its declarations), the command and the daemon.
 * It is what `npm ci` ends with; `--launcher` builds the native programs alone.
 */
import { execFileSync } from 'node:child_process'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build, type BuildOptions } from 'esbuild'

import { compileLauncher, compileSyscall } from './compile-launcher.ts'
import { licencesOf } from './licences.ts'

const root = join(import.meta.dirname, '..')
const packageOf = (name: string): string => join(root, 'packages', name)

const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  legalComments: 'linked',
  logLevel: 'warning',
}

/**
 * Modules are bundled for start-up time: each file costs half a millisecond. What several of the `entries` have is split
 * off, so that a class is the same one in all of them. `external`: what is a module of its own.
 */
async function buildLibrary(
  name: string,
  outdir: string,
  external: string[],
  entries: readonly string[] = ['index.ts'],
): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const source = join(packageOf(name), 'src')
  const entryPoints = entries.map((entry) => join(source, entry))
  await build({ ...shared, entryPoints, outdir, outbase: source, splitting: true, sourcemap: true, external })
  const config = join(packageOf(name), 'tsconfig.build.json')
  execFileSync(process.execPath, [tsc, '-p', config, '--outDir', outdir], { stdio: 'inherit' })
}

/** Split, so that a subcommand loads its own part only; the library stays a module of its own, with the launcher beside it. */
async function buildProgram(name: string, outdir: string): Promise<void> {
  const { metafile } = await build({
    ...shared,
    metafile: true,
    absWorkingDir: root,
    entryPoints: [join(packageOf(name), 'src/main.ts')],
    outdir,
    splitting: true,
    minifyWhitespace: true,
    conditions: ['source'],
    external: ['@corral/runner', '@corral/runner/*'],
    // What is not a module in what is bundled asks for Node's own by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  await writeFile(join(outdir, 'LICENCES.txt'), await licencesOf(root, Object.keys(metafile.inputs)))
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

compileLauncher({ output: join(packageOf('runner'), 'native/corral-launcher') })
compileSyscall({ output: join(packageOf('daemon'), 'native/corral-syscall') })
if (!process.argv.includes('--launcher')) {
  const dependencies = ['@corral/*', '@bufbuild/*', '@connectrpc/*']
  await replaceDist(packageOf('runner'), (outdir) =>
    buildLibrary('runner', outdir, [], ['index.ts', 'errors/index.ts']),
  )
  // Each one's declarations are read by the next.
  await replaceDist(packageOf('api'), (outdir) => buildLibrary('api', outdir, dependencies))
  await replaceDist(packageOf('client'), (outdir) =>
    buildLibrary('client', outdir, dependencies, ['index.ts', 'browser.ts']),
  )
  await Promise.all(
    ['cli', 'daemon'].map((name) => replaceDist(packageOf(name), (outdir) => buildProgram(name, outdir))),
  )
}
