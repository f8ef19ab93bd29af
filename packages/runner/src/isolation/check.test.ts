import { describe, expect, it } from 'vitest'

import { checkIsolation } from './check.ts'
import { refuseStorageRoot } from './contradictions.ts'

const { fences: standard } = await checkIsolation({ root: 'read-only' }, 0)

describe('checkIsolation', () => {
  it.each([
    [null, 'isolation'],
    [[], 'isolation'],
    ['lenient', 'isolation'],
    [{ profile: 'lenient' }, 'isolation.profile'],
    [{ rootfs: '/srv' }, 'isolation.rootfs'],
    [{ root: '/srv' }, 'isolation.root'],
    [{ root: { directory: '/', readonly: true } }, 'isolation.root.readonly'],
    [{ hostname: 'a_b' }, 'isolation.hostname'],
    [{ seccomp: 'strict' }, 'isolation.seccomp'],
    [{ seccomp: null }, 'isolation.seccomp'],
    [{ rlimits: { files: 1 } }, 'isolation.rlimits'],
    [{ rlimits: { nofile: null } }, 'isolation.rlimits.nofile'],
    [{ rlimits: { nofile: { soft: 2, hard: 1 } } }, 'isolation.rlimits.nofile'],
    [{ rlimits: { nofile: { soft: 1, hard: 2, max: 3 } } }, 'isolation.rlimits.nofile.max'],
    [{ capabilities: ['CAP_SYS_PTRACE'] }, 'isolation.capabilities[0]'],
    [{ devices: ['/dev'] }, 'isolation.devices[0]'],
    [{ mounts: [{ type: 'bind', source: '/etc', destination: '/mnt' }] }, 'isolation.mounts[0].destination'],
    [{ mounts: [{ type: 'tmpfs', target: '/' }] }, 'isolation.mounts[0].target'],
    [{ uidMap: [{ inside: 0, outside: 1, size: 1, count: 1 }] }, 'isolation.uidMap[0].count'],
  ])('refuses %j', async (isolation, option) => {
    await expect(checkIsolation(isolation, undefined)).rejects.toMatchObject({ name: 'InvalidOptionError', option })
  })

  it.each([
    [{ profile: 'none', hostname: 'a' }, 'isolation.hostname'],
    [{ profile: 'none', devices: ['/dev/null'] }, 'isolation.devices'],
    [{ profile: 'none', mounts: [{ type: 'tmpfs', target: '/proc' }] }, 'isolation.mounts[0].target'],
    [{ mounts: [{ type: 'tmpfs', target: '/dev/' }] }, 'isolation.mounts[0].target'],
    [{ mounts: [{ type: 'tmpfs', target: '/dev/pts' }] }, 'isolation.mounts[0].target'],
    [{ keepChanges: true }, 'isolation.keepChanges'],
    [{ execWritable: false }, 'isolation.execWritable'],
    [{ profile: 'strict', root: { directory: '/', access: 'overlay' }, execWritable: false }, 'isolation.execWritable'],
    [{ profile: 'strict', noNewPrivileges: false }, 'isolation.landlock'],
    [{ profile: 'none', landlock: true }, 'isolation.landlock'],
    [{ network: 'private' }, 'user', 65533],
  ])('refuses what could not be kept: %j', async (isolation, option, uid = 1000) => {
    await expect(checkIsolation(isolation, uid)).rejects.toMatchObject({ name: 'InvalidOptionError', option })
  })

  it.each([
    [{ root: 'read-only', execWritable: false }],
    [{ profile: 'strict', noNewPrivileges: false, landlock: false }],
    [{ capabilities: ['CAP_SYS_ADMIN'], noNewPrivileges: false, landlock: true }],
    [{ mounts: [{ type: 'tmpfs', target: '/dev/shm' }] }],
  ])('accepts %j', async (isolation) => {
    await expect(checkIsolation(isolation, 1000)).resolves.toBeDefined()
  })
})

describe('refuseStorageRoot', () => {
  it.each(['/s', '/s/jobs', '/s/jobs/a', '/s/jobs/a/output', '/s/jobs/a/changes', '/s/jobs/a/collectedx'])(
    'keeps %s from jobs',
    (source) => {
      const mounts = [{ type: 'bind', source, target: '/mnt', flags: [] }] as const
      const root = { directory: source, access: 'read-only' } as const
      expect(() => refuseStorageRoot({ ...standard, mounts }, '/s')).toThrow(/^isolation\.mounts\[0\]\.source/)
      expect(() => refuseStorageRoot({ ...standard, root }, '/s')).toThrow(/^isolation\.root\.directory/)
    },
  )

  it.each(['/', '/st', '/s/jobs/a/collected', '/s/jobs/a/collected/tmp/out', '/s/jobs/a/changes/0/upper'])(
    'leaves them %s',
    (source) => {
      const mounts = [{ type: 'bind', source, target: '/mnt', flags: [] }] as const
      expect(() => refuseStorageRoot({ ...standard, mounts }, '/s')).not.toThrow()
    },
  )
})
