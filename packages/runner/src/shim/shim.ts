import { accessSync, constants, statSync, writeSync } from 'node:fs'

import { errnoNumber, errnoOf } from '../errors/errno.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'
import type { ShimCommand } from '../launch/start-request.ts'
import { encodeRecord, type Field } from '../store/record.ts'

/** Carries the command from the runner to the shim; the command's own environment never holds it. */
const variable = 'CORRAL_SHIM_COMMAND'

/** The descriptor that tells init how far the shim has come (CM_HANDOFF_FD in launcher/command.c). */
const reportFd = 3

/** The longest string, with its NUL, that execve(2) takes in arguments and environment: MAX_ARG_STRLEN. */
const maxStringBytes = 128 * 1024

/** What is run inside the fence instead of the command: this program's own entry. */
export function shimCommand(command: readonly string[], env: Readonly<Record<string, string>>): ShimCommand {
  const script = process.argv[1]
  if (!script) throw new InvalidOptionError('shim', 'self', "'native', as this process has no script to run again")
  const packed = JSON.stringify({ command, env })
  const length = Buffer.byteLength(`${variable}=${packed}`) + 1
  if (length > maxStringBytes) {
    const accepted = `'native', as the command and its environment are too long for a shim: ${length} bytes, of at most ${maxStringBytes}`
    throw new InvalidOptionError('shim', 'self', accepted)
  }
  return { command: [process.execPath, ...process.execArgv, script], env: { ...env, [variable]: packed } }
}

let task: ShimCommand | null | undefined

/**
 * True when this process is the shim of a job that was started with `shim: 'self'`: its main is then to await
 * `shimEntry()` and do nothing else. False everywhere else, in jobs' own Node programs too. To be asked first thing.
 */
export function isShimEntry(): boolean {
  return shimTask() !== null
}

/** The variable alone is no proof: only init's own child (parent PID 1) is a shim, not what a shim starts. */
function shimTask(): ShimCommand | null {
  if (task !== undefined) return task
  const text = process.env[variable]
  delete process.env[variable]
  task = text !== undefined && process.ppid === 1 ? (JSON.parse(text) as ShimCommand) : null
  return task
}

/** What `shimEntry` takes. */
export interface ShimOptions {
  /** Runs inside the job's fence, as the job's user, before the command. When it throws, `start` rejects. */
  before?: () => void | Promise<void>
}

/**
 * Runs `before`, then replaces this process with the job's command (execve(2): same pid, same fence). It never returns.
 * @throws {Error} when this process is no shim.
 */
export async function shimEntry({ before }: ShimOptions = {}): Promise<never> {
  const shim = shimTask()
  if (!shim) throw new Error('shimEntry() was called in a process that is no shim: ask isShimEntry() first')
  try {
    await before?.()
  } catch (error) {
    fail('shim', `${process.argv[1]}: ${error instanceof Error ? error.message : String(error)}`, 'ECANCELED')
  }
  const file = findCommand(shim.command[0]!, shim.env['PATH'])
  report([['ready', 1]])
  resetSignals()
  try {
    // The descriptor of the report is closed by it: Node has made what it was given close-on-exec.
    process.execve!(file, [...shim.command], { ...shim.env })
  } catch (error) {
    fail('exec', file, errnoOf(error) ?? '')
  }
  process.exit(126)
}

/** Node ignores these from its start, and exec keeps what is ignored; what is handled it resets (signal(7)). */
function resetSignals(): void {
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => {})
}

/** The command's file, as execvp(3) finds it. */
function findCommand(name: string, path: string | undefined): string {
  const candidates = name.includes('/') ? [name] : (path ?? '').split(':').map((folder) => `${folder || '.'}/${name}`)
  let errno = 'ENOENT'
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK)
      if (!statSync(candidate).isDirectory()) return candidate
      errno = 'EACCES'
    } catch (error) {
      if (errnoOf(error) === 'EACCES') errno = 'EACCES'
    }
  }
  return fail('exec', name, errno)
}

function fail(step: string, path: string, errno: string): never {
  report([
    ['step', step],
    ['path', path.replaceAll('\0', ' ')],
    ['errno', errnoNumber(errno)],
  ])
  process.exit(127)
}

function report(fields: readonly Field[]): void {
  writeSync(reportFd, encodeRecord(fields))
}
