/** `npm run bench`: runs the scenarios, each in a process of its own, and prints what they measured. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'

import type { ClientMessage } from './client.ts'
import { describeMachine, fileSystemOf } from './machine.ts'
import { type Options, parseOptions } from './options.ts'
import { launchersBelow } from './processes.ts'
import type { Context, Root, Section } from './scenario.ts'
import type { ScenarioName } from './scenarios.ts'
import { machineLine, toJson, toTable } from './table.ts'

/** The longest that all scenarios together may take: a run lasts less than six minutes. */
const mostMs = 340_000
/** How long a client may take to release what it holds before it is killed: the kernel then ends its jobs. */
const graceMs = 10_000
/** The longest that a launcher stays when nobody needs it, and some. */
const launcherMs = 15_000

const interrupted = new AbortController()

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  checkBuild()
  // The terminal has told the client already: it releases what it holds, and ends.
  process.once('SIGINT', () => interrupted.abort(130))
  process.once('SIGTERM', () => interrupted.abort(143))
  const folders = makeFolders(options.storageRoot)
  const machine = describeMachine()
  const sections: Section[] = []
  try {
    say(machineLine(machine))
    for (const name of options.only) sections.push(...(await runScenario(name, options, folders)))
    return 0
  } catch (error) {
    if (interrupted.signal.aborted) return Number(interrupted.signal.reason)
    process.stderr.write(`bench: ${(error as Error).message}\n`)
    return 1
  } finally {
    if (options.json) process.stdout.write(toJson(machine, sections))
    await removeFolders(folders)
  }

  function say(text: string): void {
    if (!options.json) process.stdout.write(`${text}\n`)
  }

  async function runScenario(
    name: ScenarioName,
    { runs }: Options,
    [folder, ...others]: readonly string[],
  ): Promise<Section[]> {
    interrupted.signal.throwIfAborted()
    process.stderr.write(`bench: ${name} …\n`)
    const roots = [folder!, ...others].map((each): Root => ({ name: fileSystemOf(each), folder: join(each, name) }))
    const programs = join(folder!, `${name}-files`)
    for (const { folder: each } of roots) mkdirSync(each, { mode: 0o700 })
    mkdirSync(programs)
    const sections = await runClient(name, { runs, folder: programs, roots: roots as [Root, ...Root[]] })
    for (const section of sections) say(toTable(section))
    return sections
  }
}

/** Runs one scenario to its end, or to that of its time. */
async function runClient(name: ScenarioName, context: Omit<Context, 'cleanup'>): Promise<Section[]> {
  const client = fork(fileURLToPath(new URL('./client.ts', import.meta.url)), [name, JSON.stringify(context)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(), mostMs - performance.now())
  AbortSignal.any([interrupted.signal, end.signal]).addEventListener('abort', () => {
    client.kill('SIGTERM')
    setTimeout(() => client.kill('SIGKILL'), graceMs).unref()
  })
  let message: ClientMessage | undefined
  client.once('message', (sent) => (message = sent as ClientMessage))
  const [status] = await once(client, 'exit')
  clearTimeout(timer)
  if (message && 'sections' in message) return message.sections
  const late = end.signal.aborted
    ? `not done after ${mostMs / 1000} s in all: --only ${name}, or fewer --runs`
    : undefined
  throw new Error(`${name}: ${message?.failure ?? late ?? `its process ended with ${status}`}`)
}

/** Whoever installs `@corral/runner` runs what was built of it, so that is what is measured. */
function checkBuild(): void {
  const built = fileURLToPath(import.meta.resolve('@corral/runner'))
  if (existsSync(built) && built.includes('/dist/')) return
  process.stderr.write(`bench: ${built} is not there, or not what users run: npm run build, and no \`-C source\`\n`)
  process.exit(2)
}

/** Not /tmp, which jobs have one of their own of: they run programs that the scenarios compile. */
const folderOfJobs = '/var/tmp'

/** Folders for all that is made: where it was asked for, and in memory, where that is something else. */
function makeFolders(storageRoot: string | undefined): string[] {
  if (storageRoot !== undefined) mkdirSync(storageRoot, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(storageRoot ?? folderOfJobs, 'corral-bench-'))
  // In strict a job has a user of its own, which is to reach the programs.
  chmodSync(folder, 0o711)
  if (fileSystemOf(folder) === 'tmpfs' || !existsSync('/dev/shm') || fileSystemOf('/dev/shm') !== 'tmpfs')
    return [folder]
  return [folder, mkdtempSync('/dev/shm/corral-bench-')]
}

/** A launcher leaves, and takes its cgroups with it, ten seconds after the last runner. */
async function removeFolders(folders: readonly string[]): Promise<void> {
  const begun = performance.now()
  const isThere = (): boolean => folders.some((folder) => launchersBelow(folder).length > 0)
  if (isThere()) process.stderr.write('bench: waiting for the last launchers to leave, at most 10 s …\n')
  // They are no children of ours: nothing tells of their end.
  while (isThere() && performance.now() - begun < launcherMs) await delay(100)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

process.exitCode = await main()
