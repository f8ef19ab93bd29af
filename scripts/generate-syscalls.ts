/**
 * Makes the tables of system calls that seccomp profiles are compiled with, from the kernel's headers for user space.
 *
 *     node scripts/generate-syscalls.ts [--check] [FOLDER]
 *
 * FOLDER is where the headers of all architectures are, default /usr/include. Since 6.12, Debian's linux-libc-dev has
 * them; `dpkg -x linux-libc-dev_VERSION_all.deb here` and `here/usr/include` do. With `--check` nothing is written: headers
 * of the tables' version must give the same tables, others the same number to each name that both know.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Architecture {
  /** As uname(2) has it; the table's file is called so. */
  machine: string
  /** Folders of its own headers, below the headers' folder or beside it. */
  folders: readonly string[]
  /** What a compiler for it says of itself, as far as these headers ask. */
  macros: readonly string[]
  audit: string
}

const architectures: readonly Architecture[] = [
  {
    machine: 'x86_64',
    folders: ['x86_64-linux-gnu', '../x86_64-linux-gnu/include'],
    macros: ['-D__x86_64__', '-U__i386__', '-U__ILP32__'],
    audit: 'AUDIT_ARCH_X86_64',
  },
  {
    machine: 'aarch64',
    folders: ['aarch64-linux-gnu', '../aarch64-linux-gnu/include'],
    macros: ['-D__aarch64__', '-U__x86_64__', '-U__i386__'],
    audit: 'AUDIT_ARCH_AARCH64',
  },
]

interface Table {
  /** Of the headers: `7.2.13`. */
  version: string
  auditArch: number
  /** Name to number, by number. */
  numbers: readonly (readonly [name: string, number: number])[]
}

const tables = join(import.meta.dirname, '../packages/runner/src/seccomp/tables')

function main(words: readonly string[]): void {
  const isCheck = words.includes('--check')
  const headers = words.find((word) => !word.startsWith('--')) ?? '/usr/include'
  for (const architecture of architectures) {
    const file = join(tables, `${architecture.machine}.ts`)
    const own = architecture.folders.map((folder) => join(headers, folder)).find((folder) => existsSync(folder))
    if (own === undefined && !isCheck) throw new Error(`no headers of ${architecture.machine} in ${headers}`)
    if (own === undefined) {
      console.log(`${architecture.machine}: passed over, no headers of it in ${headers}`)
      continue
    }
    const table = readTable(architecture, [own, headers])
    if (isCheck) compare(architecture, file, table)
    else writeFileSync(file, printTable(architecture, table))
  }
}

/** What the preprocessor makes of the headers: all names, and what some expressions are. */
function readTable({ machine, macros, audit }: Architecture, folders: readonly string[]): Table {
  const include = folders.flatMap((folder) => ['-isystem', folder])
  const source = [
    '#include <asm/unistd.h>',
    '#include <linux/audit.h>',
    '#include <linux/version.h>',
    `is AUDIT ${audit}`,
    'is VERSION LINUX_VERSION_CODE',
  ].join('\n')
  const preprocess = (option: string): string => {
    const words = ['-E', option, '-nostdinc', ...macros, ...include, '-x', 'c', '-']
    const { status, stdout, stderr } = spawnSync('cc', words, { input: source, encoding: 'utf8' })
    if (status !== 0) throw new Error(`cc has failed for the headers of ${machine}: ${stderr}`)
    return stdout
  }
  const expressions = new Map(
    [...preprocess('-P').matchAll(/^is (\w+) (.+)$/gm)].map(([, name, value]) => [name, value]),
  )
  const version = Number(expressions.get('VERSION'))
  return {
    version: [version >> 16, (version >> 8) & 0xff, version & 0xff].join('.'),
    auditArch: evaluateOr(expressions.get('AUDIT')!),
    numbers: readNumbers(preprocess('-dM')),
  }
}

/** The system calls among macros. Some stand for others: `__NR_fcntl` is `__NR3264_fcntl`. */
function readNumbers(macros: string): (readonly [string, number])[] {
  const values = new Map([...macros.matchAll(/^#define (__NR\w+) (\S+)$/gm)].map(([, name, value]) => [name!, value!]))
  const resolve = (value: string): number => (values.has(value) ? resolve(values.get(value)!) : Number(value))
  return [...values]
    .filter(([name]) => name.startsWith('__NR_') && !/^__NR_(syscalls|arch_specific_syscall)$/.test(name))
    .map(([name, value]) => [name.slice('__NR_'.length), resolve(value)] as const)
    .filter(([name, number]) => {
      if (Number.isSafeInteger(number)) return true
      throw new Error(`the headers give ${name} no number`)
    })
    .toSorted(([, a], [, b]) => a - b)
}

/** `(183|0x80000000|0x40000000)`. */
function evaluateOr(expression: string): number {
  const values = expression.replace(/[() ]/g, '').split('|').map(Number)
  return Number(values.reduce((sum, value) => sum | BigInt(value), 0n))
}

function printTable({ machine }: Architecture, { version, auditArch, numbers }: Table): string {
  return `import type { SyscallTable } from './table.ts'

/**
 * System calls of ${machine}, from the headers of Linux ${version}.
 * Made by \`node scripts/generate-syscalls.ts\`: not to be edited.
 */
export const ${machine}: SyscallTable = {
  linux: '${version}',
  auditArch: 0x${auditArch.toString(16)},
  numbers: {
${numbers.map(([name, number]) => `    ${name}: ${number},\n`).join('')}  },
}
`
}

/** Ends the process with 1 where the checked-in table is not what these headers say. */
function compare(architecture: Architecture, file: string, table: Table): void {
  const text = readFileSync(file, 'utf8')
  const version = /linux: '(.+)'/.exec(text)?.[1]
  if (version === table.version) {
    const isSame = text === printTable(architecture, table)
    report(architecture, isSame, `${isSame ? 'as' : 'not what'} the headers of Linux ${version} say`)
    return
  }
  const known = new Map([...text.matchAll(/^ {4}(\w+): (\d+),$/gm)].map(([, name, number]) => [name, Number(number)]))
  const wrong = table.numbers.filter(([name, number]) => known.has(name) && known.get(name) !== number)
  const note =
    wrong.length === 0 ? 'agrees with' : `has other numbers for ${wrong.map(([name]) => name).join(', ')} than`
  report(architecture, wrong.length === 0, `(Linux ${version}) ${note} the headers of Linux ${table.version}`)
}

function report({ machine }: Architecture, isRight: boolean, note: string): void {
  console.log(`${machine}: ${note}`)
  if (!isRight) process.exitCode = 1
}

main(process.argv.slice(2))
