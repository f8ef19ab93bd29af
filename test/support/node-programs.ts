import { glob } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { build } from 'esbuild'

const repository = join(import.meta.dirname, '../..')

/** Below node_modules, so that what is in it finds the library as any program does. */
const compiled = join(repository, 'node_modules/.cache/corral-programs')

/**
 * The command line that runs a TypeScript program of the tests, up to its arguments. In the virtual machine it has been
 * compiled: there Node, which strips types by WebAssembly, dies of SIGSEGV in one of seven starts.
 */
export function nodeProgram(file: string): string[] {
  if (process.env['CORRAL_IN_VM'] === undefined) return [process.execPath, '--conditions=source', '--no-warnings', file]
  return [process.execPath, join(compiled, basename(file).replace(/\.ts$/, '.js'))]
}

/** Compiles the programs, against the library as it was last built. */
export async function compileNodePrograms(): Promise<void> {
  const files = glob(
    ['test/daemon/programs/*.ts', 'test/faults/programs/*.ts', 'test/rootless/programs/*.ts', 'test/shim/*.ts'],
    {
      cwd: repository,
    },
  )
  const entryPoints = (await Array.fromAsync(files)).filter((file) => !file.endsWith('.test.ts'))
  await build({
    absWorkingDir: repository,
    entryPoints,
    entryNames: '[name]',
    outdir: compiled,
    bundle: true,
    external: ['@corral/runner'],
    conditions: ['source'],
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
}
