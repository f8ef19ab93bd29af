import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner, CorralError, type Isolation, type JobConfig, type JobStatus, type Profile } from '@corral/runner'
import { describe, expect, inject, test as base } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { rootPrefix } from '../support/leftovers.ts'
import { program } from '../support/programs.ts'
import { expectNothingLeft } from '../support/test.ts'

/**
 * One way to reach what a job must not, and the proof that it is a way: a control, in which it works. Tests are made of
 * a list of these by `attack`.
 */
export interface Attempt {
  /** What is tried. */
  what: string
  /** A program of `programs/` and its arguments; a function where these are known only once the tests run. */
  command: Command | (() => Command)
  /** Where it works. */
  control: Control
  /** Which jobs try it. Default: all. */
  by?: (who: Who) => boolean
  /** How these jobs' isolation differs from the profile. */
  isolation?: Omit<Isolation, 'profile'> | (() => Omit<Isolation, 'profile'>)
  /** What the refusal says. Default: anything. */
  refusal?: RegExp
}

type Command = readonly [program: string, ...words: string[]]

/**
 * - `none`: a job of the profile `none`, as root.
 * - `without`: a job of the profile `standard`, as root unless it says otherwise, but for one fence: which is what refuses.
 * - `host`: this host, by a command that ends with the attempt's, and does no harm.
 */
export type Control =
  | { in: 'none'; user?: string }
  | { in: 'standard'; without: Omit<Isolation, 'profile'>; user?: string }
  | { in: 'host'; by?: readonly string[]; command?: () => Command }

/** A job that tries. */
export interface Who {
  profile: Exclude<Profile, 'none'>
  /** Undefined: none is given. As root, `strict` then takes a uid of the job's own. */
  user?: 'nobody'
}

/** In jobs that no user is given, root is who runs `standard`. */
export const asRoot = ({ profile, user }: Who): boolean => isRoot && profile === 'standard' && user === undefined
export const asUser = (who: Who): boolean => !asRoot(who)
export const inStrict = ({ profile }: Who): boolean => profile === 'strict'

/** Whether these tests are root's; those of an ordinary user run in the virtual machine. */
export const isRoot = process.geteuid?.() === 0

const everyone: readonly Who[] = (['standard', 'strict'] as const).flatMap((profile): Who[] =>
  isRoot ? [{ profile }, { profile, user: 'nobody' }] : [{ profile }],
)

/** What all attempts of a file share. */
export interface Arena {
  runner: CgroupRunner
  /** A folder of the host's that anybody may read, removed at the end. */
  folder: string
}

/** A test whose runner is that of all tests of its file: what is tried in one job must not be felt in the next. */
export const test = base.extend<{ $file: { arena: Arena } }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  arena: [async ({}, use) => useArena(use), { scope: 'file' }],
})

async function useArena(use: (arena: Arena) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(inject('runFolder'), rootPrefix))
  await chmod(folder, 0o755)
  const runner = await CgroupRunner.open({ storageRoot: join(folder, 'root') })
  await use({ runner, folder })
  await runner.close()
  await expectNothingLeft(folder)
  await rm(folder, { recursive: true })
}

/** Declares the tests of a list of attempts: for each that it works in its control, and that every job is refused. */
export function attack(attempts: readonly Attempt[]): void {
  describe.each(attempts)('$what', (attempt) => {
    const absent = { why: '' }
    // A control that needs root says as root that the attempt is one.
    test.runIf(isRoot)('works where no fence is', async ({ arena, skip }) => {
      const verdict = await control(arena, attempt)
      if (verdict.startsWith('absent: ')) skip((absent.why = `this kernel has no ${verdict.slice('absent: '.length)}`))
      expect(verdict).toMatch(/^escaped: /)
    })
    test.for(everyone.filter(attempt.by ?? (() => true)))(
      'is refused in $profile, user: $user',
      async (who, { arena }) => {
        const { isolation = {} } = attempt
        const own = typeof isolation === 'function' ? isolation() : isolation
        const verdict = await run(arena, commandOf(attempt), { ...own, profile: who.profile }, who.user)
        expect(verdict).toMatch(/^(refused|absent): /)
        if (attempt.refusal !== undefined && absent.why === '') expect(verdict).toMatch(attempt.refusal)
      },
    )
  })
}

function commandOf({ command }: Attempt): Command {
  return typeof command === 'function' ? command() : command
}

/** Makes the attempt where it is to work. */
async function control(arena: Arena, attempt: Attempt): Promise<string> {
  const { control: where } = attempt
  if (where.in === 'host') return runOnHost(where.by ?? [], where.command?.() ?? commandOf(attempt))
  const isolation: Isolation = where.in === 'none' ? { profile: 'none' } : { profile: 'standard', ...where.without }
  return run(arena, commandOf(attempt), isolation, where.user)
}

/** Runs an attempt as a job, and gives what it says. */
export async function run(
  { runner }: Arena,
  [name, ...words]: Command,
  isolation: Isolation,
  user?: string,
  more: Partial<JobConfig> = {},
): Promise<string> {
  const config: JobConfig = {
    ...more,
    command: [pathOf(name), ...words],
    isolation,
    ...(user !== undefined && { user }),
  }
  const { output, status } = await runJob(runner, config).catch(refusedExec)
  if (status.signal !== null) return `refused: ${status.signal}`
  return judge(output, status.exitStatus)
}

/** That a program may not even be executed is a refusal, too. */
function refusedExec(error: unknown): { output: string; status: Pick<JobStatus, 'signal' | 'exitStatus'> } {
  if (error instanceof CorralError && error.code === 'COMMAND_NOT_EXECUTABLE' && error.errno === 'EPERM')
    return { output: 'refused: EPERM', status: { signal: null, exitStatus: 1 } }
  throw error
}

/** Runs an attempt on the host, by a command that ends with the attempt's. */
export async function runOnHost(by: readonly string[], [name, ...words]: Command): Promise<string> {
  const [file, ...rest] = [...by, pathOf(name), ...words] as [string, ...string[]]
  return new Promise((resolve, reject) => {
    const child = execFile(file, rest, (error, stdout, stderr) => {
      if (child.exitCode === null) reject(error ?? new Error('it was killed'))
      else resolve(judge(stdout || stderr, child.exitCode))
    })
  })
}

/** A program of ours by its name, or any by its path. */
function pathOf(name: string): string {
  return name.startsWith('/') ? name : program(name)
}

const words = ['escaped', 'refused', 'broken', 'absent']

/** The last line of an attempt, which begins with the word for its exit status. */
function judge(output: string, exitStatus: number | null): string {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  if (exitStatus !== null && line.startsWith(`${words[exitStatus]}: `) && exitStatus !== 2) return line
  throw new Error(`the attempt failed with exit status ${exitStatus}: ${output}`)
}
