import { readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

import type { JobFile } from '@corral/runner'
import { type Command, InvalidArgumentError } from 'commander'

import { UsageError } from '../outcome/usage-error.ts'

/** A file of ours that a job gets. */
export interface GivenFile {
  /** Below the job's private folder. */
  target: string
  source: string
}

/** What is copied out of a job, and where to. */
export interface WantedPath {
  /** In the job. */
  path: string
  /** Null: it was not said. */
  destination: string | null
}

/** Files in and files out, as the parser calls them. */
export interface FileOptions {
  file?: readonly GivenFile[]
  collect?: readonly WantedPath[]
}

/** As the library has it; whoever names a disk image by mistake is told before it is read. */
const maxFileBytes = 1024 * 1024

export function addFiles(command: Command): Command {
  return command
    .optionsGroup('Files:')
    .option(
      '--file <[target=]file>',
      'put a copy of a file of ours into its private folder, /tmp/work, which it then works in; 1 MiB in all; repeatable',
      givenFile,
    )
    .option(
      '--collect <path[:dst]>',
      "copy a file or folder out of it when it has ended, to DST (default: here); with --detach see 'corral cp'; repeatable",
      wantedPath,
    )
}

/** Reads the files that a job is to get. */
export async function readFiles({ file = [] }: FileOptions): Promise<Record<string, JobFile>> {
  const read = await Promise.all(file.map(async ({ target, source }) => [target, await readGiven(source)] as const))
  return Object.fromEntries(read)
}

async function readGiven(source: string): Promise<JobFile> {
  try {
    const { size, mode } = await stat(source)
    if (size > maxFileBytes) throw new UsageError(`--file ${source} has ${size} bytes; accepted: 1 MiB in all`)
    return { data: await readFile(source), mode: mode & 0o111 ? 0o755 : 0o644 }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`--file ${source} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** Gathers `TARGET=FILE`, or a file alone, which keeps its name. */
function givenFile(text: string, earlier: readonly GivenFile[] = []): readonly GivenFile[] {
  const at = text.indexOf('=')
  const [target, source] = at < 0 ? [basename(text), text] : [text.slice(0, at), text.slice(at + 1)]
  if (target === '' || source === '') throw new InvalidArgumentError('Accepted: FILE, or TARGET=FILE.')
  return [...earlier, { target, source: resolve(source) }]
}

/** Gathers `PATH` and `PATH:DESTINATION`. */
function wantedPath(text: string, earlier: readonly WantedPath[] = []): readonly WantedPath[] {
  const at = text.indexOf(':')
  const [path, destination] = at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
  if (path === '' || destination === '') throw new InvalidArgumentError('Accepted: PATH, or PATH:DESTINATION.')
  return [...earlier, { path, destination }]
}
