import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { JobConfig, JobStatus, PrivateNetwork } from '@corral/runner'
import { inject, test as base } from 'vitest'

import { rootPrefix } from '../support/leftovers.ts'
import { nodeProgram } from '../support/node-programs.ts'
import { program } from '../support/programs.ts'
import { skipTest } from '../support/skip.ts'
import { expectNothingLeft } from '../support/test.ts'

/** How a job went. */
export interface Run {
  output: string
  status: JobStatus
}

/** Asks the host of programs/host.ts. */
export interface Host {
  run: (config: JobConfig) => Promise<Run>
  start: (config: JobConfig) => Promise<string>
  finish: (name: string) => Promise<Run>
  stop: (name: string) => Promise<void>
  talk: (...words: string[]) => Promise<string>
  pid: (name: string) => Promise<number>
  jobs: () => Promise<string[]>
  pastas: () => Promise<number[]>
  setPath: (path: string) => Promise<string>
}

const methods = ['run', 'start', 'finish', 'stop', 'talk', 'pid', 'jobs', 'pastas', 'setPath'] as const

/** A test that has a host with a network of its own, the same for all tests of a file. */
export const test = base.extend<{ $file: { host: Host; usersHost: Host } }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  host: [async ({}, use) => useHost(use), { scope: 'file' }],
  /** The same, with a runner of an ordinary user's. Its jobs take no limits, as nobody has given that user a cgroup. */
  // oxlint-disable-next-line no-empty-pattern -- as above
  usersHost: [async ({}, use) => useHost(use, 65534), { scope: 'file' }],
})

test.beforeEach(({ skip }) => {
  const why = whyNot()
  if (why) skipTest(skip, { what: 'private networks', ...why })
})

function whyNot(): { why: string; unskip: string } | undefined {
  if (process.geteuid?.() !== 0) return { why: 'they are made a host to be tested on, by root', unskip: 'run as root' }
  const programs = { pasta: 'passt', ip: 'iproute2', unshare: 'util-linux' }
  for (const [name, from] of Object.entries(programs)) {
    if (spawnSync(name, ['--version']).error)
      return { why: `${name} is not installed`, unskip: `apt-get install ${from}` }
  }
  return undefined
}

async function useHost(use: (host: Host) => Promise<void>, user?: number): Promise<void> {
  if (whyNot()) return use({} as Host)
  const folder = await mkdtemp(join(inject('runFolder'), rootPrefix))
  await chmod(folder, 0o755)
  if (user !== undefined) await chown(folder, user, user)
  const file = join(import.meta.dirname, 'programs/host.ts')
  const words = ['--net', '--mount', '--', ...nodeProgram(file), folder, program('talk')]
  if (user !== undefined) words.push(String(user))
  const child = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') return ready.resolve()
    const { id, value, error } = JSON.parse(line) as { id: number; value: unknown; error?: object }
    if (error) waiting.get(id)!.reject(Object.assign(new Error(), error))
    else waiting.get(id)!.resolve(value)
  })
  const gone = once(child, 'exit')
  await Promise.race([ready.promise, gone.then(() => Promise.reject(new Error('the host did not come up')))])
  let last = 0
  const ask =
    (method: string) =>
    async (...args: unknown[]) => {
      const answer = Promise.withResolvers<unknown>()
      waiting.set(++last, answer)
      child.stdin.write(`${JSON.stringify({ id: last, method, args })}\n`)
      return answer.promise
    }
  await use(Object.fromEntries(methods.map((method) => [method, ask(method)])) as unknown as Host)
  child.stdin.end()
  await gone
  await expectNothingLeft(folder)
  await rm(folder, { recursive: true })
}

/** A job that asks an address by TCP or UDP, and prints what it hears. */
export function asking(
  words: readonly string[],
  network: 'none' | 'private' | Omit<PrivateNetwork, 'type'>,
): JobConfig {
  const isolation = { network: typeof network === 'string' ? network : ({ type: 'private', ...network } as const) }
  return { command: [program('talk'), ...words], isolation }
}
