import { spawn, spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { expect } from 'vitest'

import { skipTest } from '../support/skip.ts'
import { test } from '../support/test.ts'

const launcher = join(import.meta.dirname, '../../launcher')

/** What is fuzzed: a source of `launcher/fuzz`, how long an input may be, and what it takes of the launcher. */
const targets = [
  { name: 'frame', what: 'the parser of frames', maxLength: 4096, with: [] },
  {
    name: 'requests',
    what: 'what the launcher makes of its peers and its inits',
    maxLength: 8192,
    with: ['message'],
  },
  {
    name: 'init',
    what: 'what init makes of a start frame and of reports',
    maxLength: 5000,
    with: ['exec', 'message', 'output', 'relay', 'report', 'spec', 'streams', 'terminal'],
  },
]

const flags = [
  ...['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-g', '-O1'],
  ...['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
]

/** How long each is fuzzed, in seconds. */
const seconds = Number(process.env['CORRAL_FUZZ_SECONDS'] ?? 10)

/** Why nothing can be fuzzed here, if nothing can. */
async function lack(folder: string): Promise<string | undefined> {
  const source = join(folder, 'empty.c')
  await writeFile(source, 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n > 0; }\n')
  const { error, status } = spawnSync('clang', ['-fsanitize=fuzzer', '-o', join(folder, 'empty'), source], {
    stdio: 'ignore',
  })
  if (error) return 'clang is not installed'
  return status === 0 ? undefined : 'clang has no libFuzzer'
}

// In the virtual machine all is as on the host.
const fuzz = test.skipIf(process.env['CORRAL_IN_VM'] !== undefined)

for (const { name, what, maxLength, with: parts } of targets) {
  fuzz(
    `fuzzing ${what} finds nothing in ${seconds} s`,
    { timeout: (seconds + 60) * 1000 },
    async ({ folder, skip }) => {
      const why = await lack(folder)
      if (why !== undefined) {
        skipTest(skip, { what: `fuzzing ${what}`, why, unskip: 'apt-get install clang libclang-rt-dev llvm' })
      }
      const [program, found] = [join(folder, 'fuzz'), join(folder, 'found')]
      await mkdir(found)
      const build = spawnSync(
        'clang',
        [...flags, '-o', program, ...[`fuzz/${name}`, 'frame', ...parts].map((part) => join(launcher, `${part}.c`))],
        { encoding: 'utf8' },
      )
      expect(build.stderr).toBe('')
      const child = spawn(
        program,
        [
          `-max_total_time=${seconds}`,
          `-max_len=${maxLength}`,
          `-dict=${join(launcher, 'fuzz/keys.dict')}`,
          '-timeout=10',
          '-verbosity=0',
          `-artifact_prefix=${found}/`,
          found,
          join(launcher, 'fuzz/corpus', name),
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      const [report, status] = await Promise.all([
        text(child.stderr),
        new Promise((resolve) => child.once('exit', resolve)),
      ])
      // The input itself is part of the report, in Base64.
      if (status !== 0) throw new Error(`the fuzzer ended with ${String(status)}:\n${report}`)
    },
  )
}
