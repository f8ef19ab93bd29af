import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { inject, test as base } from 'vitest'

/** The command as it was built. */
export const bin = fileURLToPath(new URL('../../packages/cli/bin/corral.js', import.meta.url))

/** How a run of `corral` ended. `exitStatus` is null when a signal ended corral itself. */
export interface Result {
  exitStatus: number | null
  stdout: string
  stderr: string
}

/** A run of `corral` that is under way. */
export class Running {
  readonly child: ChildProcess
  readonly end: Promise<Result>
  #stdout = ''
  #stderr = ''
  readonly #listeners = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(() => (this.#stdout += text)))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take(() => (this.#stderr += text)))
    this.end = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitStatus) => {
        this.#take(() => {})
        resolve({ exitStatus, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  /** Waits until what it has printed on stdout matches; rejects when it ends without that. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout)
      if (match) return match
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`corral ended without printing ${pattern}: ${this.#stdout}${this.#stderr}`)
      }
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  #take(change: () => void): void {
    change()
    for (const wake of this.#listeners) wake()
    this.#listeners.clear()
  }
}

/** `corral` over a storage root of its own, or with a daemon. */
export class Corral {
  /** A folder for the test's files; the storage root is in it, and the contexts. */
  readonly folder: string
  readonly #where: Readonly<Record<string, string>>
  readonly #running: Running[] = []

  /** `where`: the variables that say where jobs are. Default: a storage root in the folder. */
  constructor(folder: string, where: Readonly<Record<string, string>> = { CORRAL_STORAGE_ROOT: join(folder, 'root') }) {
    this.folder = folder
    this.#where = where
  }

  get storageRoot(): string {
    return join(this.folder, 'root')
  }

  /** The environment of its commands. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_CONFIG_HOME: join(this.folder, 'config'), ...this.#where }
  }

  /** The command line that runs corral, for tests that need a shell. */
  get commandLine(): string {
    const variables = Object.entries(this.#where).map(([name, value]) => `${name}='${value}' `)
    return `${variables.join('')}'${process.execPath}' '${bin}'`
  }

  /** Starts corral; a shell script is run as it is. */
  start(...words: string[]): Running {
    return this.#track(
      spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'], ...this.#options }),
    )
  }

  /** Starts corral with an input that does not end. */
  attach(...words: string[]): Running {
    return this.#track(spawn(process.execPath, [bin, ...words], { stdio: 'pipe', ...this.#options }))
  }

  /** Runs corral to its end. */
  async run(...words: string[]): Promise<Result> {
    return this.start(...words).end
  }

  /** Runs a shell script in which `$corral` is the command line of corral. */
  async shell(script: string): Promise<Result> {
    const words = ['-o', 'pipefail', '-c', `corral() { ${this.commandLine} "$@"; }; ${script}`]
    return this.#track(spawn('bash', words, { stdio: ['ignore', 'pipe', 'pipe'], ...this.#options })).end
  }

  /** Leaves a job running, and gives its name. */
  async detach(...words: string[]): Promise<string> {
    const { exitStatus, stdout, stderr } = await this.run('run', '--detach', ...words)
    if (exitStatus !== 0) throw new Error(stderr)
    return stdout.trimEnd()
  }

  /** The names of all jobs there are. */
  async names(): Promise<string[]> {
    return (await this.run('ps', '-aq')).stdout.split('\n').filter((name) => name !== '')
  }

  async remove(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGKILL')
    await Promise.all(this.#running.map(({ end }) => end))
    const names = await this.names()
    if (names.length > 0) await this.run('rm', '-f', ...names)
    await rm(this.folder, { recursive: true })
  }

  get #options(): { cwd: string; env: NodeJS.ProcessEnv } {
    return { cwd: this.folder, env: this.env }
  }

  #track(child: ChildProcess): Running {
    const running = new Running(child)
    this.#running.push(running)
    return running
  }
}

/** A folder for the files of a test. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(join(inject('runFolder'), 'cli-'))
}

/** A test that has a `corral` of its own, of which nothing is left at its end. */
export const test = base.extend<{ corral: Corral }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  corral: async ({}, use) => {
    const corral = new Corral(await makeFolder())
    await use(corral)
    await corral.remove()
  },
})
