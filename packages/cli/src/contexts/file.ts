import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

import { UsageError } from '../outcome/usage-error.ts'
import { type Context, type Contexts, findContext } from './context.ts'

/** The file that contexts are kept in. */
export function contextsFile(env: NodeJS.ProcessEnv = process.env): string {
  const config = env['XDG_CONFIG_HOME']
  return join(config && isAbsolute(config) ? config : join(homedir(), '.config'), 'corral', 'contexts.toml')
}

/**
 * All contexts; none when there is no file.
 * @throws {UsageError} when the file cannot be read, or is damaged: then with the line.
 */
export async function readContexts(): Promise<Contexts> {
  const file = contextsFile()
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw new UsageError(`could not read the contexts: ${cause.message}`, { cause })
  })
  if (text === undefined) return { current: null, contexts: {} }
  return (await import('./toml.ts')).parseContexts(text, file)
}

/** @throws {UsageError} when there is none of this name. */
export async function findSaved(name: string): Promise<Context> {
  return findContext(await readContexts(), name)
}

/** Puts contexts in the place of those that there were; whoever reads finds the ones or the others. */
export async function writeContexts(contexts: Contexts): Promise<void> {
  const { formatContexts } = await import('./toml.ts')
  const file = contextsFile()
  const next = `${file}.${process.pid}.new`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(next, formatContexts(contexts), { mode: 0o600, flag: 'wx', flush: true })
    await chmod(next, 0o600)
    await rename(next, file)
  } catch (cause) {
    await rm(next, { force: true })
    throw new UsageError(`could not write the contexts: ${(cause as Error).message}`, { cause })
  }
}
