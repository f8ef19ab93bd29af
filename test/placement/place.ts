import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { JobConfig, JobDescription, JobStatus, RunnerConfig } from '@corral/runner'
import { inject, test as base } from 'vitest'

import { eventually } from '../support/eventually.ts'

const look = fileURLToPath(new URL('fixtures/look.ts', import.meta.url))
/** The command, as it was built. */
export const cli = fileURLToPath(new URL('../../packages/cli/bin/corral.js', import.meta.url))

/** Where a program is started; see test/vm/README.md. */
const places = {
  "root's terminal": ['as-session'],
  "root's service": ['as-service'],
  "a user's terminal": ['as-user'],
  "a user's service": ['as-user', 'as-service'],
} as const

export type From = keyof typeof places

/** The tests' ordinary user. */
export const userId = 4242

export interface Result {
  exitStatus: number
  stdout: string
  stderr: string
}

/** What the fixture `look` has seen. */
export interface Seen {
  name: string
  /** The fixture's own cgroup, once the job has been started. */
  own: string
  place: Extract<JobDescription['spec']['place'], { tracking: string }>
  status: JobStatus
  output: string
  error?: { name: string; code?: string; message: string }
}

/** What a job of the fixture may be asked for besides. */
interface Wish {
  job?: Partial<JobConfig>
  config?: RunnerConfig
  leave?: boolean
}

/** A line of `corral doctor --json`. */
export interface Line {
  ok: boolean | 'warn'
  what: string
  detail: string
  fix?: string
}

/** A storage root that root or the user owns, and programs that use it. */
export class Root {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Runs a command line to its end. */
  async run(words: readonly string[]): Promise<Result> {
    const env = { ...process.env, CORRAL_STORAGE_ROOT: this.path }
    return new Promise((resolve) => {
      const child = execFile(words[0]!, words.slice(1), { env, encoding: 'utf8' }, (_, stdout, stderr) => {
        resolve({ exitStatus: child.exitCode ?? -1, stdout, stderr })
      })
      child.stdin?.end()
    })
  }

  /** Runs `corral` from somewhere. */
  async corral(from: From | readonly string[], ...words: string[]): Promise<Result> {
    return this.run([...prefix(from), process.execPath, cli, ...words])
  }

  /** What `corral doctor` says there. */
  async doctor(from: From | readonly string[], ...words: string[]): Promise<Map<string, Line>> {
    const { stdout } = await this.corral(from, 'doctor', '--json', ...words)
    return new Map((JSON.parse(stdout) as Line[]).map((line) => [line.what, line]))
  }

  /** Runs a job from somewhere and tells where that was. */
  async look(from: From | readonly string[], wish: Wish = {}): Promise<Seen> {
    const { stdout, stderr } = await this.run([...prefix(from), ...lookWords(wish)])
    if (!stdout.startsWith('{')) throw new Error(`the fixture said nothing: ${stderr}`)
    return JSON.parse(stdout) as Seen
  }

  /** The process ids of launchers of this storage root, and of their inits: both have its path as first argument. */
  async launchers(): Promise<number[]> {
    const found: number[] = []
    for await (const file of glob('/proc/[0-9]*/cmdline')) {
      const [program, root] = (await readFile(file, 'utf8').catch(() => '')).split('\0')
      if (program?.endsWith('/corral-launcher') && root === this.path) found.push(Number(file.split('/')[2]))
    }
    return found
  }
}

/** The command line of the fixture. */
export function lookWords({ job, config = {}, leave = false }: Wish = {}): string[] {
  return [process.execPath, look, JSON.stringify({ config, job: { command: ['true'], cwd: '/', ...job }, leave })]
}

function prefix(from: From | readonly string[]): readonly string[] {
  return typeof from === 'string' ? places[from] : from
}

/** A cgroup of a process, v2. */
export function cgroupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))![1]!
}

/** The controllers that a cgroup hands to those below it. */
export function handedOut(directory: string): string[] {
  return readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8').trim().split(' ')
}

/** Waits until nothing of a storage root is left where its jobs were: its launcher stays for 10 s. */
export async function untilGone(...directories: string[]): Promise<void> {
  await eventually(() => {
    const left = directories.filter((directory) => existsSync(directory))
    if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`)
  }, 60_000)
}

/** Keeps the launcher of a storage root of root's from leaving meanwhile: it has a job. */
export async function withHeld<T>(root: Root, use: () => Promise<T>): Promise<T> {
  const { exitStatus, stderr } = await root.corral(
    "root's terminal",
    'run',
    '--detach',
    '--name',
    'held',
    'sleep',
    '1000',
  )
  if (exitStatus !== 0) throw new Error(stderr)
  try {
    return await use()
  } finally {
    await root.corral("root's terminal", 'rm', '-f', 'held')
  }
}

interface Fixtures {
  /** A storage root of root's. */
  root: Root
  /** A storage root of the user's. */
  home: Root
}

/** A test that has storage roots of its own, of which nothing is left at its end. */
export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  root: async ({}, use) => useRoot(0, use),
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  home: async ({}, use) => useRoot(userId, use),
})

async function useRoot(owner: number, use: (root: Root) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(inject('runFolder'), 'place-'))
  await chown(path, owner, owner)
  await chmod(path, 0o700)
  const root = new Root(path)
  await use(root)
  await rm(path, { recursive: true, force: true })
}

/** What doctor finds lacking, but for a private network: the machine has none that one could lead to. */
export function lacks(lines: ReadonlyMap<string, Line>): Line[] {
  return [...lines.values()].filter(({ ok, what }) => ok !== true && what !== 'private network')
}
