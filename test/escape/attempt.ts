import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner, type Isolation, type Profile } from '@corral/runner'
import { describe, expect, inject, test as base } from 'vitest'

import { rootPrefix } from '../support/leftovers.ts'
import { expectNothingLeft } from '../support/test.ts'
import { type Command, type Fence, run, runAll, runOnHost } from './verdict.ts'

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
  isolation?: Omit<Isolation, 'profile'>
  /** It has a job to itself. Default false: it is made with others, each in a process of its own. */
  alone?: boolean
  /** What the refusal says. Default: anything. */
  refusal?: RegExp
}

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
  user?: 'nobody' | undefined
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
  const batches = new Batches(attempts)
  describe.each(attempts)('$what', (attempt) => {
    const absent = { why: '' }
    // A control that needs root says as root that the attempt is one.
    test.runIf(isRoot)('works where no fence is', async ({ arena, skip }) => {
      const verdict = await control(arena, attempt, batches)
      if (verdict.startsWith('absent: ')) skip((absent.why = `this kernel has no ${verdict.slice('absent: '.length)}`))
      expect(verdict).toMatch(/^escaped: /)
    })
    test.for(everyone.filter(attempt.by ?? (() => true)))(
      'is refused in $profile, user: $user',
      async (who, { arena }) => {
        const verdict = await batches.make(arena, attempt, fenceFor(who))
        expect(verdict).toMatch(/^(refused|absent): /)
        if (attempt.refusal !== undefined && absent.why === '') expect(verdict).toMatch(attempt.refusal)
      },
    )
  })
}

/** Attempts that are made in one job, one after the other: starting a job for each takes minutes where a processor is emulated. */
class Batches {
  readonly #attempts: readonly Attempt[]
  readonly #made = new Map<string, Promise<Map<Attempt, string>>>()

  constructor(attempts: readonly Attempt[]) {
    this.#attempts = attempts
  }

  /** What came of an attempt; those that `fenceOf` has made in the same way are made with it. */
  async make({ runner }: Arena, attempt: Attempt, fenceOf: FenceOf): Promise<string> {
    const fence = fenceOf(attempt)!
    if (isAlone(attempt)) return run(runner, commandOf(attempt), fence)
    const key = JSON.stringify(fence)
    const batch = this.#made.get(key) ?? this.#makeAll(runner, fence, key, fenceOf)
    this.#made.set(key, batch)
    return (await batch).get(attempt)!
  }

  async #makeAll(runner: CgroupRunner, fence: Fence, key: string, fenceOf: FenceOf): Promise<Map<Attempt, string>> {
    const alike = this.#attempts.filter((each) => !isAlone(each) && JSON.stringify(fenceOf(each)) === key)
    const verdicts = await runAll(runner, alike.map(commandOf), fence)
    return new Map(alike.map((each, index) => [each, verdicts[index]!]))
  }
}

/** The job that is to make an attempt, if there is to be one. */
type FenceOf = (attempt: Attempt) => Fence | undefined

function fenceFor({ profile, user }: Who): FenceOf {
  return ({ by, isolation }) => {
    return by?.({ profile, user }) === false ? undefined : { isolation: { ...isolation, profile }, user }
  }
}

function noFence({ control: where }: Attempt): Fence | undefined {
  return where.in === 'none' ? { isolation: { profile: 'none' }, user: where.user } : undefined
}

/** What is executed by its path may not be there for others, and so not for the batch's program. */
function isAlone(attempt: Attempt): boolean {
  return attempt.alone === true || commandOf(attempt)[0].startsWith('/')
}

function commandOf({ command }: Attempt): Command {
  return typeof command === 'function' ? command() : command
}

/** Makes the attempt where it is to work. What that leaves of a fence's mounts is no place for others. */
async function control(arena: Arena, attempt: Attempt, batches: Batches): Promise<string> {
  const { control: where } = attempt
  if (where.in === 'host') return runOnHost(where.by ?? [], where.command?.() ?? commandOf(attempt))
  if (where.in === 'none') return batches.make(arena, attempt, noFence)
  return run(arena.runner, commandOf(attempt), {
    isolation: { profile: 'standard', ...where.without },
    user: where.user,
  })
}
