import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Compiles the program that writes the clock into a folder; its path, or undefined where there is no compiler. */
export function compileStamp(folder: string): string | undefined {
  const program = join(folder, 'stamp')
  const source = join(import.meta.dirname, 'programs/stamp.c')
  for (const compiler of ['musl-gcc', 'cc']) {
    const { status } = spawnSync(compiler, ['-O2', '-static', '-o', program, source], { stdio: 'ignore' })
    if (status === 0) return program
  }
  return undefined
}

export const noCompiler = 'needs a C compiler: apt-get install musl-tools'
