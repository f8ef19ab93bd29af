import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { LauncherProcess, launcherPath } from '../launcher/launcher-process.ts'
import { program } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** Waits for a process's end, once it has a hold of its program, to write that. */
class Survivor {
  readonly #child: ChildProcess
  #said = ''

  constructor(pid: number) {
    this.#child = spawn(program('outlive'), [String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
  }

  async ready(): Promise<this> {
    if (this.#said === '') await new Promise((resolve) => this.#child.stdout!.once('data', resolve))
    return this
  }

  /** What came of it, once the other has ended. */
  async verdict(): Promise<string> {
    await new Promise((resolve) => this.#child.once('close', resolve))
    return this.#said
  }
}

// CVE-2019-5736: who has come to the launcher's program, as by a job whose command is /proc/self/exe.
test('the program that the launcher runs cannot be written when it has ended, even by root', async ({ folder }) => {
  const copy = join(folder, 'corral-launcher')
  await copyFile(launcherPath, copy)
  const launcher = await LauncherProcess.start(join(folder, 'root'), 60_000, { program: copy })
  const survivor = await new Survivor(launcher.pid).ready()
  await launcher[Symbol.asyncDispose]()
  expect(await survivor.verdict()).toBe('ready\nrefused: EPERM\n')
})

test('a program that is not sealed can be', async ({ folder }) => {
  const copy = join(folder, 'probe')
  await copyFile('/bin/cat', copy)
  const cat = spawn(copy, { stdio: ['pipe', 'ignore', 'inherit'] })
  const survivor = await new Survivor(cat.pid!).ready()
  cat.stdin.end()
  expect(await survivor.verdict()).toBe(`ready\nescaped: ${cat.pid}\n`)
})
