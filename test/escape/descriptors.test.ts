import { mkdtempSync } from 'node:fs'
import { chmod, copyFile, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { CgroupRunner } from '@corral/runner'
import { afterAll, beforeAll, describe, expect, inject } from 'vitest'

import { inMachine } from '../faults/host.ts'
import { startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { isRoot, test } from './attempt.ts'
import { runOnHost } from './verdict.ts'

/*
 * On its way to exec a command has open what init has: the host's /proc, the job's folder. A path that the job has laid
 * must not lead there, as it did in runc (CVE-2024-21626).
 */
const profiles = ['standard', 'strict'] as const
/** Numbers that init's descriptors have, and more. */
const numbers = Array.from({ length: inMachine ? 12 : 20 }, (_, index) => index + 3)

const folder = mkdtempSync(join(inject('runFolder'), 'descriptors-'))
const root = join(folder, 'root')
const beside = program('working-directory')

beforeAll(async () => {
  await chmod(folder, 0o755)
  for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp', 'run', 'work'])
    await mkdir(join(root, name), { recursive: true })
  await copyFile(beside, join(root, 'bin', 'working-directory'))
  for (const number of numbers) await symlink(`/proc/self/fd/${number}`, join(root, 'work', `${number}`))
  await symlink('/proc/self/cwd', join(root, 'work', 'cwd'))
  await symlink('/proc/1/cwd', join(root, 'work', 'init'))
})

afterAll(async () => rm(folder, { recursive: true }))

/** A job that has laid links to descriptors, and programs behind them, in its /tmp. */
async function startWithLinks(runner: CgroupRunner, isolation: (typeof profiles)[number]): Promise<string> {
  const lay = `for i in ${numbers.join(' ')}; do ln -s /proc/self/fd/$i /tmp/$i; ln -s "/proc/self/fd/$i/..$0" /tmp/p$i; done`
  return startReady(runner, {
    command: sh(`${lay}; echo ready; exec sleep 1000`).with(3, beside),
    isolation,
  })
}

describe('what init has open', () => {
  test.for(profiles)(
    'is not the working directory of a further command, in %s',
    async (isolation, { arena: { runner } }) => {
      const name = await startWithLinks(runner, isolation)
      const verdicts: string[] = []
      // One after the other: those at the same time would have others' numbers.
      for (const link of numbers)
        verdicts.push(await attempt(async () => runner.exec(name, { command: [beside], cwd: `/tmp/${link}` })))
      await runner.stop(name)
      expect(verdicts.filter((verdict) => verdict !== 'CWD_UNUSABLE')).toEqual([])
    },
  )

  test.for(profiles)('is not where a further command is found, in %s', async (isolation, { arena: { runner } }) => {
    const name = await startWithLinks(runner, isolation)
    const verdicts: string[] = []
    for (const number of numbers)
      verdicts.push(await attempt(async () => runner.exec(name, { command: [`/tmp/p${number}`] })))
    await runner.stop(name)
    expect(verdicts.filter((verdict) => !verdict.startsWith('COMMAND_NOT_'))).toEqual([])
  })

  test.runIf(isRoot).for(profiles)(
    'is not the working directory in a root folder that has such links, in %s',
    async (profile, { arena: { runner } }) => {
      const isolation = { profile, root: { directory: root } }
      const verdicts = await Promise.all(
        [...numbers, 'cwd', 'init'].map(async (link) =>
          attempt(async () => {
            const name = await runner.start({ command: ['/bin/working-directory'], cwd: `/work/${link}`, isolation })
            return { output: () => runner.output(name) }
          }),
        ),
      )
      expect(verdicts.filter((verdict) => verdict !== 'CWD_UNUSABLE' && !verdict.startsWith('refused'))).toEqual([])
    },
  )

  test.runIf(isRoot)('would be a way out', async () => {
    const enter = `mount --bind /proc "$1/proc" && exec 7</proc && exec chroot "$1" /bin/working-directory /work/7`
    expect(
      await runOnHost(['unshare', '--mount', '--propagation', 'private', ...sh(enter, root)], ['working-directory']),
    ).toMatch(/^escaped: /)
  })
})

/** What a command that was started so says, or the code of the refusal. */
async function attempt(start: () => Promise<{ output: () => ReadableStream<Uint8Array> }>): Promise<string> {
  try {
    const started = await start()
    return Buffer.concat(await Array.fromAsync(started.output())).toString()
  } catch (error) {
    return (error as { code: string }).code
  }
}
