import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const folder = join(import.meta.dirname, '../launcher')

const sourcesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(folder, name))

const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wvla', '-Wformat=2']

/** Guarded stacks, checked buffers, and no page that is executable and writable or bound late. */
const hardening = [
  ...['-O2', '-fPIE', '-fstack-protector-strong', '-fno-strict-aliasing', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
  ...['-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack', '-s'],
]

interface Compiler {
  name: string
  /** What links a static program at a random address. */
  start: readonly string[]
  end: readonly string[]
}

/** The processors that there are programs for, as Node calls them. */
export type Machine = 'x64' | 'arm64'

const here: Machine = process.arch === 'arm64' ? 'arm64' : 'x64'
const machineName = { x64: 'x86_64', arm64: 'aarch64' } as const
const machine = machineName[here]

/** musl's gcc does not look for the kernel's headers. */
const kernelHeaders = ['-idirafter', '/usr/include', '-idirafter', `/usr/include/${machine}-linux-gnu`]

/** musl makes the smaller program by far, and each job has a copy of its data. */
function muslCompiler(): Compiler {
  const libraries = [`/usr/lib/${machine}-linux-musl`, `/usr/${machine}-linux-musl/lib64`, '/usr/lib/musl/lib']
  const library = libraries.find((path) => existsSync(join(path, 'rcrt1.o')))
  if (library === undefined) return { name: 'musl-gcc', start: ['-static', ...kernelHeaders], end: [] }
  // -static-pie would have musl-gcc link a program that wants an interpreter.
  const start = ['-static', '-nostartfiles', '-Wl,-pie,--no-dynamic-linker,-z,text', ...kernelHeaders]
  const startFiles = ['rcrt1.o', 'crti.o'].map((name) => join(library, name))
  return { name: 'musl-gcc', start: [...start, ...startFiles], end: [join(library, 'crtn.o')] }
}

const compilers: readonly Compiler[] = [muslCompiler(), { name: 'cc', start: ['-static-pie'], end: [] }]

/** What `compileLauncher` takes. */
export interface LauncherBuild {
  output: string
  /** Flags instead of optimisation and hardening, such as those of a sanitizer; with clang or cc, linked dynamically. */
  sanitize?: readonly string[]
  /** With steps that fail when a job's variable CORRAL_FAULT names them (launcher/fault.h): for tests. Default false. */
  faults?: boolean
  /** For another machine than this one a cross compiler is taken, and glibc. Default: this one. */
  machine?: Machine
}

/** Compiles the launcher; ends the process with a message when there is no compiler, or it fails. */
export function compileLauncher(build: LauncherBuild): void {
  compile(sourcesIn(folder), build)
}

/** Compiles the daemon's system calls that Node has not, in the same way. */
export function compileSyscall(build: Pick<LauncherBuild, 'output' | 'machine'>): void {
  compile(sourcesIn(join(folder, 'syscall')), build)
}

function compile(sources: readonly string[], { output, sanitize, faults = false, machine }: LauncherBuild): void {
  const { name, start, end } = sanitize ? { name: 'clang', start: sanitize, end: [] } : findCompiler(machine)
  const flags = [...warnings, ...(sanitize ? [] : hardening), ...(faults ? ['-DLN_FAULTS'] : [])]
  mkdirSync(dirname(output), { recursive: true })
  const draft = `${output}.${process.pid}`
  const { status } = spawnSync(name, [...flags, ...start, '-o', draft, ...sources, ...end], { stdio: 'inherit' })
  if (status !== 0) {
    rmSync(draft, { force: true })
    fail(`${name} could not compile ${basename(output)} (see above)`)
  }
  // As a whole or not at all, and without touching a launcher that runs.
  renameSync(draft, output)
}

function findCompiler(machine: Machine = here): Compiler {
  if (machine !== here) return findCrossCompiler(machine)
  const named = process.env['CC']
  const candidates = named ? [{ name: named, start: ['-static-pie'], end: [] }] : compilers
  const found = candidates.find(({ name }) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
  return (
    found ??
    fail(
      `no C compiler to build the launcher with: ${candidates.map(({ name }) => name).join(' and ')} not found.\n` +
        'On Debian: apt-get install musl-tools (or gcc libc6-dev); on Fedora: dnf install musl-gcc (or gcc glibc-static)',
    )
  )
}

function findCrossCompiler(machine: Machine): Compiler {
  const name = `${machineName[machine]}-linux-gnu-gcc`
  if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return { name, start: ['-static-pie'], end: [] }
  const packages = `gcc-${machineName[machine].replace('_', '-')}-linux-gnu`
  return fail(
    `no compiler for ${machine}: ${name} not found. On Debian: apt-get install ${packages} libc6-dev-${machine === 'x64' ? 'amd64' : machine}-cross`,
  )
}

function fail(message: string): never {
  process.stderr.write(`corral: ${message}\n`)
  process.exit(1)
}
