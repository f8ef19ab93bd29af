import { describe, expect, it } from 'vitest'

import type { Caller } from '../identity/caller.ts'
import type { PolicyConfig } from './config.ts'
import { createPolicy } from './policy.ts'

const tls = (identity: string): Caller => ({ identity, via: 'tls', from: '192.0.2.1:4000' })
const unix = (identity: string, uid: number, groups: string[] = []): Caller => ({
  identity,
  via: 'unix',
  from: 'pid 7',
  uid,
  groups,
})

const config: PolicyConfig = {
  quota: { maxJobs: 10, maxCpus: 4 },
  identities: [
    { match: 'mallory', role: 'none' },
    { match: 'alice', role: 'admin' },
    { match: 'spiffe://corral/team/*', role: 'operator', quota: { maxJobs: 2 } },
    { match: 'spiffe://corral/**', role: 'viewer' },
    { match: 'ci-*', role: 'admin', rules: { user: 'nobody' }, quota: { maxJobs: 1 } },
    { match: 'unix:bob', role: 'viewer' },
    { match: 'unix:4242', role: 'none' },
    { match: 'unix-group:builders', role: 'admin' },
  ],
}
const policy = createPolicy(config)

describe('grant', () => {
  it.each<[Caller, string | undefined]>([
    [tls('alice'), 'admin'],
    [tls('mallory'), undefined],
    [tls('nobody-knows'), undefined],
    [tls('spiffe://corral/team/a'), 'operator'],
    [tls('spiffe://corral/team/a/b'), 'viewer'],
    [tls('spiffe://corral.example/team/a'), undefined],
    [tls('xalice'), undefined],
    [tls('alice\n'), undefined],
    [unix('unix:root', 0), 'admin'],
    [unix('unix:carol', 1001), 'operator'],
    [unix('unix:bob', 1002), 'viewer'],
    [unix('unix:dave', 4242), undefined],
    [unix('unix:erin', 1003, ['users', 'builders']), 'admin'],
    // A group's name is no user's, and a user called like an identity is not that one.
    [unix('unix:builders', 1004), 'operator'],
    [unix('unix:alice', 1005), 'operator'],
  ])('of %j is %s', (caller, role) => {
    expect(policy.grant(caller)?.role).toBe(role)
  })

  it.each(['unix:root', 'unix:bob', 'unix-group:builders', ''])('has nothing for a certificate of %j', (identity) => {
    const open = createPolicy({ identities: [{ match: '**', role: 'admin' }] })
    expect(open.grant(tls('anybody'))?.role).toBe('admin')
    expect(open.grant(tls(identity))).toBeUndefined()
    expect(policy.grant(tls(identity))).toBeUndefined()
  })

  it('does not take an identity of a certificate for a local user', () => {
    expect(createPolicy({ identities: [{ match: '**', role: 'admin' }] }).grant(unix('unix:carol', 1001))?.role).toBe(
      'operator',
    )
    expect(createPolicy({ identities: [{ match: 'unix:*', role: 'viewer' }] }).grant(unix('unix:root', 0))?.role).toBe(
      'viewer',
    )
  })

  it('sees its own jobs, and an admin those of all', () => {
    const operator = policy.grant(tls('spiffe://corral/team/a'))!
    expect([operator.sees('spiffe://corral/team/a'), operator.sees('alice'), operator.sees('')]).toEqual([
      true,
      false,
      false,
    ])
    expect(policy.grant(tls('alice'))!.sees('')).toBe(true)
  })

  it('lays the quota of an entry over that of all, and bounds an admin by its own alone', () => {
    expect(policy.grant(tls('spiffe://corral/team/a'))!.quota).toEqual({ maxJobs: 2, maxCpus: 4 })
    expect(policy.grant(unix('unix:carol', 1001))!.quota).toEqual({ maxJobs: 10, maxCpus: 4 })
    expect(policy.grant(tls('alice'))!.quota).toEqual({})
    expect(policy.grant(tls('ci-1'))!.quota).toEqual({ maxJobs: 1 })
  })

  it('lets an admin ask for anything but the shim, unless it has rules', () => {
    const admin = policy.grant(tls('alice'))!
    const bare = { command: ['true'], isolation: 'none', user: 0 } as const
    expect(admin.admit(bare)).toEqual(bare)
    expect(() => admin.admit({ command: ['true'], shim: 'self' })).toThrow("shim: received 'self'")
    const ruled = policy.grant(tls('ci-1'))!
    expect(() => ruled.admit(bare)).toThrow('isolation.profile')
    expect(ruled.admit({ command: ['true'] }).user).toBe('nobody')
  })

  it('lets nobody without the right to it jump the queue', () => {
    const operator = policy.grant(unix('unix:carol', 1001))!
    expect(operator.admitPriority(-5)).toBe(-5)
    expect(() => operator.admitPriority(1)).toThrow('priority: received 1; the policy accepts: at most 0')
    expect(policy.grant(tls('alice'))!.admitPriority(100)).toBe(100)
  })
})

describe('createPolicy', () => {
  it.each<[PolicyConfig, string]>([
    [{ identities: [{ match: '', role: 'admin' }] }, 'identities[0].match'],
    [{ identities: [{ match: 'a', role: 'boss' as 'admin' }] }, 'identities[0].role'],
    [{ rules: { profile: 'lenient' as 'none' } }, 'rules.profile'],
    [{ rules: { mounts: ['/srv', 'data'] } }, 'rules.mounts[1]'],
    [{ rules: { ports: ['0.0.0.0:80-70'] } }, 'rules.ports[0]'],
    [{ rules: { idMaps: ['5-'] } }, 'rules.idMaps[0]'],
    [{ rules: { destinations: ['example.com'] } }, 'rules.destinations[0]'],
    [{ rules: { limits: { memoryMax: { max: '4 GB' } } } }, 'rules.limits.memoryMax.max'],
    [{ rules: { limits: { memoryMax: { default: '2G', max: '1G' } } } }, 'rules.limits.memoryMax.default'],
    [{ rules: { limits: { cpus: { max: 1 } } as never } }, 'rules.limits.cpus'],
    [{ rules: { limits: { ioMax: { max: 'fast' } } } }, 'rules.limits.ioMax.max'],
    [{ rules: { group: 'nogroup' } }, 'rules.group'],
    [{ rules: { mounts: ['/srv/in'], stdinFiles: ['/srv'] } }, 'rules.stdinFiles'],
    [{ identities: [{ match: 'a', role: 'operator', rules: { roots: ['x'] } }] }, 'identities[0].rules.roots[0]'],
  ])('refuses %j', (wrong, option) => {
    expect(() => createPolicy(wrong)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', option }))
  })
})
