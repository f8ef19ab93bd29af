import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { chmod, copyFile, mkdir, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { InvalidOptionError, type Isolation } from '@corral/runner'
import { afterAll, beforeAll, describe, expect, inject } from 'vitest'

import { inMachine } from '../faults/host.ts'
import { runJob, startReady } from '../support/jobs.ts'
import { program } from '../support/programs.ts'
import { attack, isRoot, test } from './attempt.ts'
import { run } from './verdict.ts'

const folder = mkdtempSync(join(inject('runFolder'), 'escape-'))
/** A root file system for jobs, with these programs in it. */
const root = join(folder, 'root-of-jobs')
/** What is beside it, and only the host's. */
const outside = join(folder, 'outside')
const secret = join(outside, 'secret')

beforeAll(async () => {
  await chmod(folder, 0o755)
  for (const name of ['bin', 'sys', 'dev', 'tmp', 'run', 'a', 'b']) await mkdir(join(root, name), { recursive: true })
  for (const name of ['change-root', 'exchange', 'open-any', 'open-read']) {
    await copyFile(program(name), join(root, 'bin', name))
  }
  await mkdir(outside)
  await writeFile(secret, 'secret')
})

afterAll(async () => rm(folder, { recursive: true }))

/** How many jobs are to lose a race that one in three or four of them would win, where it can be won. */
const tries = inMachine ? 10 : 40

describe.runIf(isRoot)("a root of the job's own", () => {
  const isolation: Isolation = { root: { directory: root } }

  attack([
    {
      what: 'leaving it by chroot',
      command: ['/bin/change-root', secret],
      control: { in: 'host', by: ['chroot', root] },
      isolation,
    },
    {
      what: 'reading a file beside it',
      command: ['/bin/open-read', secret],
      control: onHost('open-read', secret),
      isolation,
    },
    {
      what: 'reading a file beside it by ..',
      command: ['/bin/open-read', `${'../'.repeat(32)}${secret}`],
      control: onHost('open-read', secret),
      isolation,
    },
  ])

  // As CVE-2019-19921 of runc: what is hidden in /proc was then looked for where /proc no longer was.
  test('leaves nothing of /proc uncovered while another job moves it about', async ({ arena }) => {
    await rm(join(root, 'proc'), { recursive: true, force: true })
    await symlink('a', join(root, 'proc'))
    await symlink('b', join(root, 'other'))
    const command = ['/bin/exchange', '/proc', '/other']
    const name = await startReady(arena.runner, { command, isolation })
    const files = ['a', 'b'].map((place) => `/${place}/sys/kernel/core_pattern`)
    const verdicts = new Set<string>()
    for (let i = 0; i < tries; i++) verdicts.add(await run(arena.runner, ['/bin/open-any', ...files], { isolation }))
    await arena.runner.stop(name)
    await rm(join(root, 'proc'))
    await rm(join(root, 'other'))
    expect([...verdicts].filter((verdict) => !verdict.startsWith('refused: '))).toEqual([])
  })

  test.for([
    ['that is absolute', outside],
    ['that leads up', `${'../'.repeat(32)}${outside}`],
  ])('has no target outside of it by a link %s', async ([, target], { arena }) => {
    const link = join(root, 'link')
    await rm(link, { force: true })
    await symlink(target!, link)
    // What it leads to in the root.
    await mkdir(join(root, outside), { recursive: true })
    // By name it leads out.
    await promisify(execFile)('mkdir', [join(link, 'made')])
    await rmdir(join(outside, 'made'))
    for (const mount of [
      { type: 'tmpfs', target: '/link/made' },
      { type: 'bind', source: root, target: '/link/made' },
    ] as const) {
      const { output } = await runJob(arena.runner, {
        command: ['/bin/open-read', '/link/secret'],
        isolation: { ...isolation, mounts: [mount] },
      })
      expect(output).toBe('refused: ENOENT\n')
      expect(readdirSync(outside)).toEqual(['secret'])
    }
  })
})

describe.runIf(isRoot)('what is bound', () => {
  test('is not looked for behind a link', async ({ arena }) => {
    const link = join(folder, 'link')
    await symlink(outside, link)
    for (const source of [link, join(link, 'secret')]) {
      const mounts = [{ type: 'bind', source, target: '/tmp/bound' }] as const
      await expect(arena.runner.start({ command: ['true'], isolation: { mounts } })).rejects.toThrow(InvalidOptionError)
    }
    await rm(link)
  })

  test('is not what has been put in its place meanwhile', async ({ arena }) => {
    const shown = join(folder, 'shown')
    const link = join(folder, 'link')
    await mkdir(shown)
    await symlink(outside, link)
    const swapper = spawn(program('exchange'), [shown, link], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => swapper.stdout.once('data', resolve))
    const isolation: Isolation = { mounts: [{ type: 'bind', source: shown, target: '/tmp/bound' }] }
    const verdicts = new Set<string>()
    for (let i = 0; i < tries; i++) {
      verdicts.add(
        await run(arena.runner, ['open-read', '/tmp/bound/secret'], { isolation }).catch((error: Error) => error.name),
      )
    }
    const end = new Promise((resolve) => swapper.once('close', resolve))
    swapper.kill('SIGKILL')
    await end
    await rm(link, { recursive: true })
    await rm(shown, { recursive: true })
    expect([...verdicts].filter((verdict) => verdict.startsWith('escaped'))).toEqual([])
    // It was there at times.
    expect(verdicts).toContain('InvalidOptionError')
  })
})

function onHost(...command: [string, ...string[]]) {
  return { in: 'host', command: () => command } as const
}
