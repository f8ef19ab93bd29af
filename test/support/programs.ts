import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const folders = ['../fixtures', '../escape/programs'].map((name) => join(import.meta.dirname, name))

/** Where the programs are. Not below /tmp, where a checkout may be: that is the job's own. */
export const binaries = join(
  '/var/tmp',
  `corral-fixtures-${createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 16)}`,
)

/** musl's gcc does not look for the kernel's headers. */
const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const kernelHeaders = ['-idirafter', '/usr/include', '-idirafter', `/usr/include/${machine}-linux-gnu`]

const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-static', '-s', ...kernelHeaders]

/** A program of `fixtures/` or `escape/programs/`, by its name without `.c`: tiny, static, and so about as quick to start as can be. */
export function program(name: string): string {
  return join(binaries, name)
}

/** The command that a shell script is. */
export function sh(script: string, ...words: string[]): string[] {
  return ['/bin/sh', '-c', script, 'sh', ...words]
}

/** Compiles the programs that have changed, with the compiler that the launcher is made with. */
export async function compilePrograms(): Promise<void> {
  await mkdir(binaries, { recursive: true })
  const files = (await Promise.all(folders.map(listFiles))).flat()
  const headers = await Promise.all(files.filter((file) => file.endsWith('.h')).map(changedAt))
  const programs = files.filter((file) => file.endsWith('.c'))
  await Promise.all(programs.map((file) => compileIfOld(file, Math.max(...headers))))
}

async function listFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((file) => join(folder, file))
}

async function changedAt(file: string): Promise<number> {
  return (await stat(file)).mtimeMs
}

async function compileIfOld(file: string, headersAt: number): Promise<void> {
  const output = program(basename(file, '.c'))
  const madeAt = await changedAt(output).catch(() => 0)
  if (madeAt >= Math.max(headersAt, await changedAt(file))) return
  const draft = `${output}.${process.pid}`
  await promisify(execFile)(findCompiler(), [...flags, '-o', draft, file])
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
    throw new Error(`no C compiler for the tests' programs (${candidates.join(', ')}): apt-get install musl-tools`)
  }
  return compiler
}
