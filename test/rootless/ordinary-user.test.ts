import { chown, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'
import { OrdinaryUser, userId } from './ordinary-user.ts'

const whoami = sh('id -u; id -g; id -G; cat /proc/self/uid_map; grep CapEff /proc/self/status')
const none = 'CapEff:\t0000000000000000\n'

describe('an ordinary user for whom no ids were set aside', () => {
  test.for(['standard', 'none'] as const)(
    'runs jobs as itself in the profile %s',
    async (isolation, { folder, skip }) => {
      const user = await OrdinaryUser.plain(folder, skip)
      const { output, status } = await user.ask({ job: { command: whoami, isolation } })
      expect(status.exitStatus).toBe(0)
      expect(output.replaceAll(/ +/g, ' ')).toBe(`${userId}\n${userId}\n${userId}\n ${userId} ${userId} 1\n${none}`)
    },
  )

  test('runs strict as itself by name, and is told why not as another', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { output, status, ownUid } = await user.ask({
      job: { command: whoami, isolation: 'strict', user: userId, group: userId },
    })
    expect(status.exitStatus).toBe(0)
    expect(output).toMatch(new RegExp(`^${userId}\n`))
    expect(ownUid).toBeNull()
    const { error } = await user.ask({ job: { isolation: 'strict' } })
    expect(error).toMatchObject({ name: 'InvalidOptionError' })
    expect(error!.message).toMatch(/strict gives each job a user of its own.*usermod --add-subuids/)
  })

  test('is told why its jobs can be nobody else', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { error } = await user.ask({ job: { user: 'root' } })
    expect(error!.message).toMatch(/^user: received '0:0'.*root has set no ids aside.*usermod --add-subuids/)
  })

  test('runs further commands in them as itself by name', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { execOutput } = await user.ask({
      job: { command: sh('echo ready; exec sleep 1000') },
      exec: { command: sh('id -u; id -g'), user: userId, group: userId },
      action: 'kill',
    })
    expect(execOutput).toBe(`${userId}\n${userId}\n`)
  })

  test('gives its jobs capabilities in their namespace', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const { output } = await user.ask({ job: { command: whoami, isolation: { capabilities: ['CAP_NET_RAW'] } } })
    expect(output.replaceAll(/ +/g, ' ')).toBe(
      `${userId}\n${userId}\n${userId}\n ${userId} ${userId} 1\nCapEff:\t0000000000002000\n`,
    )
  })

  test('can be root in a namespace of the job, of itself alone', async ({ folder, skip }) => {
    const user = await OrdinaryUser.plain(folder, skip)
    const own = { inside: 0, outside: userId, size: 1 }
    const { output, status } = await user.ask({ job: { command: whoami, isolation: { uidMap: [own] } } })
    expect(status.exitStatus).toBe(0)
    expect(output.replaceAll(/ +/g, ' ')).toMatch(new RegExp(`^0\n0\n0\n 0 ${userId} 1\nCapEff:\t00000000a`))
    const { error } = await user.ask({ job: { isolation: { uidMap: [own, { inside: 1, outside: 0, size: 1 }] } } })
    expect(error!.message).toMatch(new RegExp(`^isolation.uidMap: .*ids that are this user's: ${userId};`))
  })
})

describe('an ordinary user for whom ids were set aside', () => {
  test.for([
    ['standard', 'CapEff:\t00000000a'],
    ['strict', none],
    ['none', 'CapEff:\t000001ff'],
  ] as const)('can have a root in %s', async ([isolation, capabilities], { folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const { output, status } = await user.ask({ job: { command: whoami, isolation, user: 'root' } })
    expect(status.exitStatus).toBe(0)
    const map = ` 0 300000 ${userId}\n ${userId} ${userId} 1\n ${userId + 1} ${300_001 + userId - 1} ${65_536 - userId - 1}\n`
    expect(output.replaceAll(/ +/g, ' ').startsWith(`0\n0\n0\n${map}${capabilities}`)).toBe(true)
  })

  test("has other users' jobs, with their groups, who cannot read what is its own", async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const secret = `${folder}/home/jobs`
    const { output } = await user.ask({
      job: {
        command: sh('id -u; id -g; id -G; ls "$1" 2>&1; kill -9 1 2>&1', secret),
        user: 'daemon',
        isolation: 'none',
      },
    })
    expect(output).toMatch(/^1\n1\n1 60\nls: .*Permission denied\n.*(?:No such process|not permitted)/is)
  })

  test('has strict give each job ids of its own, and writes where it may', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const script = 'id -u; id -g; touch "$HOME/x" && stat -c %u "$HOME/x"; echo "$HOME"'
    const run = async (): Promise<number> => {
      const { output, ownUid, spec } = await user.ask({
        job: { command: sh(script), isolation: 'strict', workdir: 'private' },
      })
      expect(spec.user).toBeNull()
      expect(output).toBe(`${ownUid}\n${ownUid}\n${ownUid}\n/tmp/work\n`)
      return ownUid!
    }
    const [first, second] = [await run(), await run()]
    expect(first).toBeGreaterThan(userId)
    expect(first).not.toBe(second)
  })

  test('maps them as it likes in a namespace of the job', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const uidMap = [{ inside: 0, outside: 301_000, size: 10 }]
    const { output, status } = await user.ask({ job: { command: whoami, user: 3, isolation: { uidMap } } })
    expect(status.exitStatus).toBe(0)
    expect(output.replaceAll(/ +/g, ' ')).toBe(`3\n3\n3\n 0 1000 10\n${none}`)
  })

  test('has overlays of folders, of which nothing is left, and none of the whole host', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip)
    const lower = join(folder, 'lower')
    await mkdir(lower)
    await chown(lower, userId, userId)
    for (const who of [userId, 'root'] as const) {
      const mounts = [{ type: 'overlay', source: lower, target: '/mnt' } as const]
      const command = sh('umask 077; mkdir /mnt/d && touch /mnt/d/f && ls -R /mnt')
      const { output, status } = await user.ask({ job: { command, user: who, isolation: { mounts } } })
      expect({ output, exitStatus: status.exitStatus }).toEqual({ output: '/mnt:\nd\n\n/mnt/d:\nf\n', exitStatus: 0 })
    }
    expect(await readdir(lower)).toEqual([])
    expect(await readdir(join(folder, 'home/jobs'))).toEqual([])
    const { error } = await user.ask({ job: { isolation: { root: 'overlay' } } })
    expect(error).toMatchObject({ name: 'InvalidOptionError', message: expect.stringContaining('without root') })
  })

  test('has no ids but those', async ({ folder, skip }) => {
    const user = await OrdinaryUser.withIds(folder, skip, { count: 10 })
    expect((await user.ask({ job: { user: 9 } })).status.exitStatus).toBe(0)
    expect((await user.ask({ job: { user: 10 } })).error!.message).toMatch(
      /\/etc\/subuid and \/etc\/subgid have ids for/,
    )
  })

  test('is told what newgidmap has to say', async ({ folder, skip }) => {
    const binds = { '/usr/bin/newgidmap': '#!/bin/sh\necho "newgidmap: not today" >&2\nexit 1\n' }
    const user = await OrdinaryUser.withIds(folder, skip, { binds })
    const { error } = await user.ask({ job: {} })
    expect(error).toMatchObject({ code: 'NAMESPACE_REFUSED', syscall: 'user-namespace' })
    expect(error!.message).toContain('newgidmap: not today')
  })
})
