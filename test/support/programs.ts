import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const sources = join(import.meta.dirname, '../fixtures')

/** Not below /tmp, where a checkout may be: that is the job's own. */
const binaries = join('/var/tmp', `corral-fixtures-${createHash('sha256').update(sources).digest('hex').slice(0, 16)}`)

const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-static', '-s']

/** A program of `fixtures/`, by its name without `.c`: tiny, static, and so about as quick to start as can be. */
export function program(name: string): string {
  return join(binaries, name)
}

/** The command that a shell script is. */
export function sh(script: string, ...words: string[]): string[] {
  return ['/bin/sh', '-c', script, 'sh', ...words]
}

/** Compiles the programs of `fixtures/` that have changed, with the compiler that the launcher is made with. */
export async function compilePrograms(): Promise<void> {
  await mkdir(binaries, { recursive: true })
  const files = await readdir(sources)
  const headers = await Promise.all(files.filter((file) => file.endsWith('.h')).map(changedAt))
  const programs = files.filter((file) => file.endsWith('.c'))
  await Promise.all(programs.map((file) => compileIfOld(file, Math.max(...headers))))
}

async function changedAt(file: string): Promise<number> {
  return (await stat(join(sources, file))).mtimeMs
}

async function compileIfOld(file: string, headersAt: number): Promise<void> {
  const output = program(file.slice(0, -'.c'.length))
  const madeAt = await stat(output).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  if (madeAt >= Math.max(headersAt, await changedAt(file))) return
  const draft = `${output}.${process.pid}`
  await promisify(execFile)(findCompiler(), [...flags, '-o', draft, join(sources, file)])
  // Other runs of the tests may be using it.
  await rename(draft, output)
}

let compiler: string | undefined

/** As in scripts/compile-launcher.ts. */
function findCompiler(): string {
  const named = process.env['CC']
  const candidates = named ? [named] : ['musl-gcc', 'cc']
  compiler ??= candidates.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
  if (compiler === undefined) {
    throw new Error(
      `no C compiler for the programs of test/fixtures (${candidates.join(', ')}): apt-get install musl-tools`,
    )
  }
  return compiler
}
