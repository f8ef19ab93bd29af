import { readdirSync } from 'node:fs'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'
import { OrdinaryUser, userId } from './ordinary-user.ts'

/** A folder that every user may write, with a file of the ordinary user's. */
async function makeShared(folder: string): Promise<string> {
  const shared = join(folder, 'shared')
  await mkdir(shared)
  await chmod(shared, 0o777)
  await writeFile(join(shared, 'old'), 'old\n')
  for (const path of [shared, join(shared, 'old')]) await chown(path, userId, userId)
  return shared
}

/** The jobs that are left in the storage root. */
function jobsLeft(folder: string): string[] {
  return readdirSync(join(folder, 'home/jobs'))
}

const changing = 'cd "$1"; echo new >new; mkdir -p closed/in; echo x >closed/in/x; chmod 0 closed/in closed; rm -f old'

describe('an ordinary user', () => {
  test('puts files in and collects files', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { status, output, copies } = await user.ask({
      job: {
        command: sh('cat in; echo 1 >out; ln -s /etc/shadow link; echo 2 >unread; chmod 0 unread'),
        files: { in: 'text\n' },
        collect: ['out', 'link', 'unread', '/etc/shadow'],
      },
    })
    expect(output).toBe('text\n')
    expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [1, undefined],
      [0, 'ELOOP'],
      [0, 'EACCES'],
      [0, 'EACCES'],
    ])
    expect(copies).toEqual({ '/tmp/work/out': '1\n' })
    expect(jobsLeft(folder)).toEqual([])
  })

  test('is told the changes of an overlay, and removes them', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const shared = await makeShared(folder)
    const isolation = { mounts: [{ type: 'overlay', source: shared }], keepChanges: true } as const
    const { changes, status, error } = await user.ask({ job: { command: sh(changing, shared), isolation } })
    expect(error ?? status).toMatchObject({ exitStatus: 0 })
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'added', path: join(shared, 'new'), type: 'file' },
        { kind: 'added', path: join(shared, 'closed/in/x'), type: 'file' },
        { kind: 'deleted', path: join(shared, 'old'), type: 'file' },
      ]),
    )
    expect(readdirSync(shared)).toEqual(['old'])
    expect(jobsLeft(folder)).toEqual([])
  })

  test('leaves nothing of an overlay that is not kept', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const shared = await makeShared(folder)
    const { status, error } = await user.ask({
      job: { command: sh(changing, shared), isolation: { mounts: [{ type: 'overlay', source: shared }] } },
    })
    expect(error ?? status).toMatchObject({ exitStatus: 0 })
    expect(jobsLeft(folder)).toEqual([])
  })
})

test('an ordinary user has no overlay over the whole host, and is told why', async ({ folder, skip }) => {
  const user = await OrdinaryUser.plain(folder, skip)
  const { error } = await user.ask({ job: { isolation: { root: 'overlay' } } })
  expect(error).toMatchObject({ name: 'InvalidOptionError', message: expect.stringContaining('without root') })
})

describe('an ordinary user with ids for jobs', () => {
  test('puts files in and collects files as another user', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const own = join(folder, 'own')
    await writeFile(own, 'secret\n', { mode: 0o600 })
    await chown(own, userId, userId)
    for (const job of [{ isolation: 'strict', workdir: 'private' }, { user: 'daemon' }] as const) {
      const { status, output, copies } = await user.ask({
        job: {
          command: sh('cat in; echo 1 >out; chmod 600 out'),
          files: { in: 'text\n' },
          collect: ['out', own],
          ...job,
        },
      })
      expect(output).toBe('text\n')
      // The copies are the runner's own; what is the runner's own is not the job's to collect.
      expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
        [1, undefined],
        [0, 'EACCES'],
      ])
      expect(copies).toEqual({ '/tmp/work/out': '1\n' })
    }
    expect(jobsLeft(folder)).toEqual([])
  })

  test('is given what another user has written to an overlay', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const shared = await makeShared(folder)
    for (const keepChanges of [true, false]) {
      const isolation = { mounts: [{ type: 'overlay', source: shared }], keepChanges } as const
      const { changes, status, error } = await user.ask({
        job: { command: sh(changing.replace('; rm -f old', ''), shared), user: 'daemon', isolation },
      })
      expect(error ?? status).toMatchObject({ exitStatus: 0 })
      const added = { kind: 'added', path: join(shared, 'closed/in/x'), type: 'file' }
      expect(changes).toEqual(keepChanges ? expect.arrayContaining([added]) : [])
      expect(jobsLeft(folder)).toEqual([])
    }
  })
})
