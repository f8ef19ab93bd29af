import { readFileSync, statSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { IdMap } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { ownNamespace, probe, statusField } from '../support/probe.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const uidMap: IdMap[] = [{ inside: 0, outside: 400_000, size: 1000 }]

describe('a user namespace of the job', () => {
  test('has the ids that were asked for, and its root by default', async ({ runner }) => {
    const gidMap = [
      { inside: 0, outside: 500_000, size: 5 },
      { inside: 5, outside: 600_000, size: 5 },
    ]
    const job = await probe(runner, { isolation: { uidMap, gidMap } })
    expect(job).toMatchObject({ uid: 0, euid: 0, gid: 0, groups: [0] })
    expect(job.namespaces.user).not.toBe(ownNamespace('user'))
    const { output } = await runJob(runner, {
      command: ['cat', '/proc/self/uid_map', '/proc/self/gid_map'],
      isolation: { uidMap, gidMap },
    })
    expect(output.replaceAll(/ +/g, ' ')).toBe(' 0 400000 1000\n 0 500000 5\n 5 600000 5\n')
  })

  test('has its user be another one outside, who can use what the job has to itself', async ({ runner, folder }) => {
    const shared = join(folder, 'shared')
    await mkdir(shared)
    await chmod(shared, 0o777)
    const name = await startReady(runner, {
      user: 7,
      workdir: 'private',
      isolation: { uidMap, mounts: [{ type: 'bind', source: shared, target: '/mnt' }] },
      command: sh('touch /tmp/work/x /tmp/y /mnt/z && id -u && echo ready; sleep 1000'),
    })
    const { pid } = await runner.status(name)
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t400007\t400007\t400007\t400007$/m)
    expect(statSync(join(shared, 'z'))).toMatchObject({ uid: 400_007, gid: 400_007 })
  })

  test("has its root change users, but nothing of the job's fence", async ({ runner }) => {
    const script = `
      setpriv --reuid=5 --regid=5 --clear-groups id -u
      cat /etc/shadow >/dev/null 2>&1 || echo hidden
      mount -t tmpfs none /mnt 2>/dev/null || echo no mount
      umount /proc/kcore 2>/dev/null || echo no umount
      mount -o remount,bind,rw /sys 2>/dev/null || echo no remount
      hostname other 2>/dev/null || echo no hostname
      ip link set lo down 2>/dev/null || echo no network
      chroot / true 2>/dev/null && echo chroot`
    const { output } = await runJob(runner, { command: sh(script), isolation: { uidMap } })
    expect(output).toBe('5\nhidden\nno mount\nno umount\nno remount\nno hostname\nno network\nchroot\n')
  })

  test('may be strict, without a capability', async ({ runner }) => {
    const job = await probe(runner, { isolation: { profile: 'strict', uidMap } })
    expect(job.uid).toBe(0)
    expect(statusField(job, 'CapPrm')).toMatch(/^0+$/)
  })

  test('goes with each root that a job can have', async ({ runner }) => {
    for (const root of ['read-only', 'overlay', { directory: '/' }] as const) {
      const { status } = await runJob(runner, { command: ['true'], isolation: { uidMap, root } })
      expect(status.exitStatus).toBe(0)
    }
  })
})

describe('a map is refused', () => {
  test.for<[why: string, option: string, job: object]>([
    [
      'that has an id twice inside',
      'isolation.uidMap',
      { isolation: { uidMap: [...uidMap, { inside: 999, outside: 1, size: 1 }] } },
    ],
    [
      'that has an id twice outside',
      'isolation.uidMap',
      { isolation: { uidMap: [...uidMap, { inside: 2000, outside: 400_999, size: 1 }] } },
    ],
    [
      'that goes past the last id',
      'isolation.uidMap[0]',
      { isolation: { uidMap: [{ inside: 0, outside: 1, size: 2 ** 32 }] } },
    ],
    ["that has not the job's user", 'user', { user: 1000, isolation: { uidMap } }],
    ["that has not the job's group", 'group', { isolation: { uidMap, gidMap: [{ inside: 1, outside: 1, size: 1 }] } }],
    ['of groups alone', 'isolation.gidMap', { isolation: { gidMap: uidMap } }],
    ['that is empty', 'isolation.uidMap', { isolation: { uidMap: [] } }],
  ])('%s', async ([, option, job], { runner }) => {
    await expect(runner.start({ command: ['true'], ...job })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option,
    })
  })
})
