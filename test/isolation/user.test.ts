import { execFileSync } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { probe, statusField } from '../support/probe.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** An account that every Debian has. */
const nobody = { uid: 65534, gid: 65534 }

describe('a job of another user', () => {
  test.for([
    ['a name', 'nobody'],
    ['an id', 65534],
    ['an id in digits', '65534'],
  ] as const)('given by %s has its ids, groups and home, and no capability', async ([, user], { runner }) => {
    const job = await probe(runner, { user })
    expect(job).toMatchObject({
      uid: nobody.uid,
      euid: nobody.uid,
      gid: nobody.gid,
      egid: nobody.gid,
      groups: [nobody.gid],
    })
    expect(job.environment).toEqual(
      expect.arrayContaining(['USER=nobody', 'LOGNAME=nobody', `HOME=${await homeOf('nobody')}`]),
    )
    const sets = ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'].map((key) => BigInt(`0x${statusField(job, key)}`))
    expect(sets).toEqual([0n, 0n, 0n, 0n])
  })

  test('has the group that it is given, by name or id', async ({ runner }) => {
    const mail = Number(execFileSync('getent', ['group', 'mail'], { encoding: 'utf8' }).split(':')[2])
    expect(await probe(runner, { user: 'nobody', group: 'mail' })).toMatchObject({
      uid: nobody.uid,
      gid: mail,
      egid: mail,
    })
    expect(await probe(runner, { user: 'nobody', group: mail })).toMatchObject({
      uid: nobody.uid,
      gid: mail,
      egid: mail,
    })
  })

  test('may have an id that no account has', async ({ runner }) => {
    const job = await probe(runner, { user: 12_345 })
    expect(job).toMatchObject({ uid: 12_345, gid: 12_345, groups: [12_345] })
    expect(job.environment).toContain('HOME=/')
    expect(job.environment.filter((entry) => entry.startsWith('USER='))).toEqual([])
  })

  test('keeps the user of the runner when only a group is given', async ({ runner }) => {
    expect(await probe(runner, { group: 'nogroup' })).toMatchObject({ uid: 0, gid: nobody.gid })
  })

  test('cannot read the storage root, or signal init', async ({ runner }) => {
    const script = 'ls "$1" 2>&1 | grep -q denied && echo closed; kill -0 1 2>/dev/null || echo safe'
    const command = sh(script, runner.storageRoot)
    const { output } = await runJob(runner, { command, user: 'nobody', isolation: 'none' })
    expect(output).toBe('closed\nsafe\n')
  })

  test('can still write its output through /dev/stdout', async ({ runner }) => {
    const { output } = await runJob(runner, { command: sh('echo out; echo err >&2'), user: 'nobody' })
    expect(output).toBe('out\nerr\n')
  })

  test('starts only where it may go', async ({ runner, folder }) => {
    const cwd = join(folder, 'closed')
    await mkdir(cwd, { mode: 0o700 })
    await expect(runner.start({ command: ['true'], user: 'nobody', cwd })).rejects.toMatchObject({
      code: 'CWD_UNUSABLE',
      path: cwd,
      errno: 'EACCES',
    })
  })
})

async function homeOf(user: string): Promise<string | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith(`${user}:`))
  return line?.split(':')[5]
}
