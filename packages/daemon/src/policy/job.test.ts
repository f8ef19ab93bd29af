import { describe, expect, it } from 'vitest'

import type { Isolation, JobConfig, Limits } from '@corral/runner'

import type { RulesConfig } from './config.ts'
import { createPolicy } from './policy.ts'

const command = ['true']
const operator = (rules: RulesConfig = {}) =>
  createPolicy({ rules }).grant({ identity: 'unix:alice', via: 'unix', from: 'pid 7', uid: 1000 })!
const admit = (config: Partial<JobConfig>, rules: RulesConfig = {}) => operator(rules).admit({ command, ...config })
const refused = (option: string) =>
  expect.objectContaining({ reason: 'FORBIDDEN_OPTION', metadata: expect.objectContaining({ option }) })

const wide: RulesConfig = {
  profile: 'standard',
  users: ['nobody', '1000'],
  groups: ['nogroup'],
  idMaps: ['100000-165535'],
  mounts: ['/data', '/srv/out/'],
  readOnlyMounts: ['/usr/share'],
  roots: ['/srv/images', 'overlay'],
  networks: ['private', 'host'],
  ports: ['20000-20010', '0.0.0.0:8080-8089', '[::]:8080'],
  devices: ['/dev/kvm', '/dev/dri'],
  stdinFiles: ['/srv/in'],
  seccompFiles: ['/etc/corral/seccomp'],
  capabilities: ['CAP_NET_RAW'],
}

describe('admit', () => {
  it.each<Partial<JobConfig>>([
    { name: 'web', env: { A: 'b', PATH: undefined }, cwd: '/tmp', tty: true, labels: { team: 'a' } },
    { files: { run: 'echo' }, stdin: 'text', workdir: 'private', stopSignal: 'SIGINT', stopGraceMs: 10_000 },
    { memoryMax: '1G', cpuMax: '50000', pidsMax: 100, timeoutMs: 5 },
  ])('passes on what touches nothing: %j', (config) => {
    expect(admit(config)).toEqual({ command, isolation: { profile: 'strict' }, ...config })
  })

  it('has a job that names no profile in that of the rules', () => {
    expect(admit({}).isolation).toEqual({ profile: 'strict' })
    expect(admit({ user: 'nobody' }, { ...wide, profile: 'none' }).isolation).toEqual({ profile: 'standard' })
    expect(admit({ isolation: { hostname: 'a' } }).isolation).toEqual({ profile: 'strict', hostname: 'a' })
  })

  it.each<[Partial<JobConfig>, string, RulesConfig?]>([
    [{ isolation: 'standard' }, 'isolation.profile'],
    [{ isolation: { profile: 'none' } }, 'isolation.profile'],
    [{ isolation: 'toString' as 'none' }, 'isolation.profile'],
    [{ isolation: null as never }, 'isolation'],
    [{ isolation: { hasOwnProperty: 1 } as never }, 'isolation.hasOwnProperty'],
    [{ shim: 'self' }, 'shim'],
    [{ turbo: true } as never, 'turbo'],
    [{ noLimits: true }, 'noLimits'],
    [{ user: 'root' }, 'user'],
    [{ user: 0 }, 'user'],
    [{ user: 'root' }, 'user', wide],
    [{ user: '01000' }, 'user', wide],
    [{ group: 0 }, 'group', wide],
    [{}, 'user', wide],
    [{ user: 'bob' }, 'user', { user: 'nobody', users: ['bob'] }],
    [{ isolation: { uidMap: [] } }, 'isolation.uidMap', { user: 'nobody' }],
    [{ stdin: { file: '/etc/shadow' } }, 'stdin.file'],
    [{ stdin: { file: '/srv/in/../secret' } }, 'stdin.file', wide],
    [{ stdin: 7 as never }, 'stdin.file', wide],
    [{ stopGraceMs: 600_001 }, 'stopGraceMs'],
    [{ collect: { paths: ['a'], maxBytes: 2 ** 40 } }, 'collect.maxBytes'],
    [{ collect: { paths: ['a'], timeoutMs: 11 } }, 'collect.timeoutMs', { timeoutMs: { max: 10 } }],
    [{ timeoutMs: 11 }, 'timeoutMs', { timeoutMs: { max: 10 } }],
  ])('refuses %j for %s', (config, option, rules) => {
    expect(() => admit({ ...(rules === wide && option !== 'user' && { user: 'nobody' }), ...config }, rules)).toThrow(
      refused(option),
    )
  })

  it('forces a user, variables and labels, and says nothing of the variables', () => {
    const rules: RulesConfig = { user: 'nobody', group: 'nogroup', env: { TOKEN: 'x' }, labels: { team: 'a' } }
    expect(admit({ env: { A: 'b', TOKEN: 'x' }, labels: { n: '1' } }, rules)).toMatchObject({
      user: 'nobody',
      group: 'nogroup',
      env: { A: 'b', TOKEN: 'x' },
      labels: { n: '1', team: 'a' },
    })
    expect(() => admit({ labels: { team: 'b' } }, rules)).toThrow(refused('labels.team'))
    expect(() => admit({ env: { TOKEN: undefined } }, rules)).toThrow(refused('env.TOKEN'))
    expect(() => admit({ env: { TOKEN: 'hunter2' } }, rules)).toThrow(/^(?!.*hunter2).*$/)
  })

  it('gives plain paths to the library, and those that it judged', () => {
    const isolation: Isolation = {
      root: { directory: '/srv//images/a/./b/', access: 'read-only' },
      mounts: [
        { type: 'bind', source: '/data/../data/x/' },
        { type: 'tmpfs', target: '/scratch', size: '1G' },
      ],
      devices: ['/dev/dri/card0'],
      seccomp: '/etc/corral//seccomp/a.json',
    }
    expect(admit({ user: 'nobody', stdin: { file: '/srv//in/a' }, isolation }, wide)).toMatchObject({
      stdin: { file: '/srv/in/a' },
      isolation: {
        root: { directory: '/srv/images/a/b', access: 'read-only' },
        mounts: [
          { type: 'bind', source: '/data/x' },
          { type: 'tmpfs', target: '/scratch', size: '1G' },
        ],
        devices: ['/dev/dri/card0'],
        seccomp: '/etc/corral/seccomp/a.json',
      },
    })
  })
})

describe('the fences', () => {
  const strict: [Isolation, string][] = [
    [{ root: 'host' }, 'isolation.root'],
    [{ root: 'overlay' }, 'isolation.root'],
    [{ root: { directory: '/srv' } }, 'isolation.root.directory'],
    [{ mounts: [{ type: 'bind-ro', source: '/' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'tmpfs', target: '/a', nodev: false }] }, 'isolation.mounts[0].nodev'],
    [{ mounts: [{ type: 'tmpfs', target: '/a', exec: true } as never] }, 'isolation.mounts[0].exec'],
    [{ mounts: [{ type: 'proc', target: '/a' } as never] }, 'isolation.mounts[0].type'],
    [{ network: 'host' }, 'isolation.network'],
    [{ network: 'private' }, 'isolation.network'],
    [{ capabilities: ['CAP_NET_RAW'] }, 'isolation.capabilities[0]'],
    [{ seccomp: 'none' }, 'isolation.seccomp'],
    [{ seccomp: '/etc/p.json' }, 'isolation.seccomp'],
    [{ seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }, 'isolation.seccomp'],
    [{ rlimits: { core: 0 } }, 'isolation.rlimits.core'],
    [{ rlimits: { core: { soft: 1, hard: 'unlimited' } } }, 'isolation.rlimits.core'],
    [{ rlimits: { rtprio: 99 } }, 'isolation.rlimits.rtprio'],
    [{ rlimits: { nofile: 'unlimited' } }, 'isolation.rlimits.nofile'],
    [{ rlimits: { files: 1 } }, 'isolation.rlimits.files'],
    [{ devices: ['/dev/kvm'] }, 'isolation.devices[0]'],
    [{ uidMap: [{ inside: 0, outside: 0, size: 1 }] }, 'isolation.uidMap[0]'],
    [{ gidMap: [{ inside: 0, outside: 0, size: 1 }] }, 'isolation.gidMap'],
    [{ noNewPrivileges: false }, 'isolation.noNewPrivileges'],
    [{ landlock: false }, 'isolation.landlock'],
    [{ execWritable: true }, 'isolation.execWritable'],
  ]
  it.each(strict)('of strict stay: %j', (isolation, option) => {
    expect(() => admit({ isolation })).toThrow(refused(option))
  })

  it.each<Isolation>([
    { root: 'read-only', mounts: [{ type: 'tmpfs', target: '/a', nosuid: true }], network: 'none', capabilities: [] },
    { seccomp: 'default', rlimits: { core: 1, nofile: 64 }, readOnlyPaths: ['/a'], maskedPaths: ['/b'] },
    { noNewPrivileges: true, landlock: true, execWritable: false, hostname: 'judge', keepChanges: false },
  ])('may be made stronger: %j', (isolation) => {
    expect(admit({ isolation }).isolation).toEqual({ profile: 'strict', ...isolation })
  })

  it.each<[Isolation, string]>([
    [{ mounts: [{ type: 'bind', source: '/database' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'bind', source: '/data/../etc' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'bind', source: 'data' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'bind', source: '/data\0/x' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'bind', source: '/usr/share' }] }, 'isolation.mounts[0].source'],
    [{ mounts: [{ type: 'bind', source: '/data', nosuid: false }] }, 'isolation.mounts[0].nosuid'],
    [{ root: { directory: '/srv/images2' } }, 'isolation.root.directory'],
    [{ root: { directory: '/srv/images/a' } }, 'isolation.root.access'],
    [{ root: { directory: '/srv/images/a', access: 'read-only', quiet: 1 } as never }, 'isolation.root.quiet'],
    [{ network: { type: 'private', ports: [80] } }, 'isolation.network.ports[0]'],
    [{ network: { type: 'private', ports: ['20011:80'] } }, 'isolation.network.ports[0]'],
    [{ network: { type: 'private', ports: ['0.0.0.0:20000:80'] } }, 'isolation.network.ports[0]'],
    [{ network: { type: 'private', allow: ['169.254.169.254'] } }, 'isolation.network.allow[0]'],
    [{ network: { type: 'private', allow: ['127.0.0.1'] } }, 'isolation.network.allow[0]'],
    [{ network: { type: 'private', allow: ['fe80::1'] } }, 'isolation.network.allow[0]'],
    [{ network: { type: 'private', gateway: 'a' } as never }, 'isolation.network.gateway'],
    [{ network: { type: 'none', ports: [] } as never }, 'isolation.network'],
    [{ network: null as never }, 'isolation.network'],
    [{ devices: ['/dev/kvm0'] }, 'isolation.devices[0]'],
    [{ devices: ['/dev/dri/../mem'] }, 'isolation.devices[0]'],
    [{ seccomp: './etc/corral/seccomp/a' }, 'isolation.seccomp'],
    [{ capabilities: ['CAP_NET_RAW', 'CAP_SYS_ADMIN'] }, 'isolation.capabilities[1]'],
    [{ uidMap: [{ inside: 0, outside: 100_000, size: 65_537 }] }, 'isolation.uidMap[0]'],
    [
      { uidMap: [{ inside: 0, outside: 100_000, size: 1 }], gidMap: [{ inside: 0, outside: 0, size: 1 }] },
      'isolation.gidMap[0]',
    ],
  ])('open only as far as the rules say: %j', (isolation, option) => {
    expect(() => admit({ user: 'nobody', isolation }, wide)).toThrow(refused(option))
  })

  it.each<Isolation>([
    { root: 'host', landlock: false, execWritable: true },
    { root: 'overlay', keepChanges: true },
    { profile: 'strict', root: { directory: '/srv/images/a', access: 'overlay' } },
    {
      mounts: [
        { type: 'bind-ro', source: '/usr/share/a' },
        { type: 'overlay', source: '/usr/share' },
      ],
    },
    { mounts: [{ type: 'bind', source: '/srv/out', target: '/out' }] },
    { network: 'host' },
    { network: { type: 'private', ports: [20_000, '0.0.0.0:8080:80/udp', '[::0]:8080:80'] } },
    { network: { type: 'private', allow: ['10.0.0.0/8', '0.0.0.0/0'], dns: true } },
    { devices: ['/dev/kvm', '/dev/dri/card0'], capabilities: ['CAP_NET_RAW'] },
    { uidMap: [{ inside: 0, outside: 100_000, size: 65_536 }] },
  ])('let through what the rules have: %j', (isolation) => {
    expect(admit({ user: 'nobody', isolation }, wide).isolation).toEqual({ profile: 'standard', ...isolation })
  })

  it('hold a private network to its destinations, also when the job names none', () => {
    const rules: RulesConfig = { networks: ['private'], destinations: ['10.0.0.0/8', 'fd00::/8'] }
    const network = (given: Isolation['network']) =>
      (admit({ isolation: { network: given! } }, rules).isolation as Isolation).network
    expect(network('private')).toEqual({ type: 'private', allow: ['10.0.0.0/8', 'fd00::/8'], dns: false })
    expect(network({ type: 'private', allow: ['10.1.2.3', 'fd12::/16'] })).toMatchObject({
      allow: ['10.1.2.3', 'fd12::/16'],
    })
    for (const allow of [['11.0.0.1'], ['0.0.0.0/0'], ['10.0.0.0/7'], ['example.com'], ['::ffff:10.0.0.1']]) {
      expect(() => network({ type: 'private', allow })).toThrow(refused('isolation.network.allow[0]'))
    }
    expect(() => network({ type: 'private', dns: true })).toThrow(refused('isolation.network.dns'))
  })

  it('open one by one where they are free', () => {
    const isolation: Isolation = { execWritable: true, seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }
    expect(admit({ isolation }, { free: ['execWritable', 'seccomp'] }).isolation).toMatchObject(isolation)
    expect(() => admit({ isolation: { landlock: false } }, { free: ['execWritable'] })).toThrow(
      refused('isolation.landlock'),
    )
  })
})

describe('limits', () => {
  const rules: RulesConfig = {
    limits: {
      memoryMax: { default: '1G', max: '4G' },
      cpuMax: { max: '200000 100000' },
      cpuWeight: { max: 50 },
      cpusetCpus: { max: '0-3' },
      swapMax: { max: '1G' },
      ioMax: { max: ['8:0 rbps=10M wbps=10M', '8:16 riops=100'] },
      pidsMax: { max: 100 },
    },
    timeoutMs: { max: 60_000 },
    collectMax: { max: '1M' },
    noLimits: true,
  }

  it('are filled in where the library would have none, or more', () => {
    expect(admit({ collect: ['a'] }, rules)).toMatchObject({
      memoryMax: '1G',
      cpuMax: '200000 100000',
      cpuWeight: 50,
      cpusetCpus: '0-3',
      ioMax: ['8:0 rbps=10M wbps=10M', '8:16 riops=100'],
      pidsMax: 100,
      timeoutMs: 60_000,
      collect: { paths: ['a'], maxBytes: 1024 ** 2 },
    })
    // A job with a limit of its memory has no swap.
    expect(admit({}, rules)).not.toHaveProperty('swapMax')
    expect(admit({}, { limits: { swapMax: { max: '1G' } } })).toMatchObject({ swapMax: '1G' })
    expect(admit({}, {})).not.toHaveProperty('pidsMax')
  })

  it('that are given hold, on all disks', () => {
    const given: Limits = { memoryMax: 2 ** 32, cpuMax: '20000 10000', cpusetCpus: '1,3', pidsMax: 1, cpuWeight: 1 }
    expect(admit(given, rules)).toMatchObject(given)
    expect(
      admit({ ioMax: '8:0 wbps=1M riops=7' }, { limits: { ioMax: { max: '8:0 wbps=2M rbps=1M riops=8' } } }).ioMax,
    ).toEqual(['8:0 wbps=1M rbps=1M riops=7'])
  })

  it.each<[Limits, string]>([
    [{ memoryMax: 'max' }, 'memoryMax'],
    [{ memoryMax: '4097M' }, 'memoryMax'],
    [{ memoryMax: '1t' }, 'memoryMax'],
    [{ cpuMax: 'max' }, 'cpuMax'],
    [{ cpuMax: '20001 10000' }, 'cpuMax'],
    [{ cpuMax: '200001' }, 'cpuMax'],
    [{ cpuWeight: 51 }, 'cpuWeight'],
    [{ cpusetCpus: '2-4' }, 'cpusetCpus'],
    [{ swapMax: '2G' }, 'swapMax'],
    [{ pidsMax: 'max' }, 'pidsMax'],
    [{ pidsMax: '101' as never }, 'pidsMax'],
    [{ ioMax: '8:0 rbps=11M' }, 'ioMax'],
    [{ ioMax: '8:0 rbps=max' }, 'ioMax'],
    [{ ioMax: ['8:0 rbps=1M', '/srv wbps=1M'] }, 'ioMax'],
  ])('refuse more: %j', (limits, option) => {
    expect(() => admit(limits, rules)).toThrow(refused(option))
    expect(() => operator(rules).admitLimits(limits)).toThrow(refused(option))
  })

  it('of a running job are not filled in', () => {
    expect(operator(rules).admitLimits({ cpuWeight: 7 })).toEqual({ cpuWeight: 7 })
    expect(() => operator(rules).admitLimits({ turbo: 1 } as Limits)).toThrow(refused('turbo'))
  })

  it('are none of a job without any, where that is allowed', () => {
    expect(admit({ noLimits: true }, rules)).toEqual({
      command,
      isolation: { profile: 'strict' },
      noLimits: true,
      timeoutMs: 60_000,
    })
  })
})

describe('admitExec', () => {
  it.each([
    [{ user: 0 }, 'user'],
    [{ user: '' }, 'user'],
    [{ user: 'root' }, 'user'],
    [{ group: 0 }, 'group'],
    [{ stdin: { file: '/etc/shadow' } }, 'stdin.file'],
    [{ env: { TOKEN: 'y' } }, 'env.TOKEN'],
    [{ isolation: 'none' }, 'isolation'],
  ])('refuses %j', (config, option) => {
    const { admitExec } = operator({ env: { TOKEN: 'x' }, users: ['nobody'] })
    expect(() => admitExec({ command, ...config })).toThrow(refused(option))
  })

  it('passes on the rest', () => {
    const config = { command, env: { A: 'b' }, cwd: '/', user: 'nobody', stdin: 'x', tty: true, timeoutMs: 5 }
    expect(operator({ users: ['nobody'] }).admitExec(config)).toEqual(config)
    expect(operator({ user: 'nobody' }).admitExec({ command })).toEqual({ command })
  })
})
