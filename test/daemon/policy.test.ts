import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { MessageInitShape } from '@bufbuild/protobuf'
import { JobState, RestartMode, type JobConfigSchema } from '@corral/api'
import { describe, expect } from 'vitest'

import type { TestDaemon, TomlTable } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { type Caller, callerOf, refusalOf } from './callers.ts'
import { test as base } from './fixture.ts'

type Config = Exclude<MessageInitShape<typeof JobConfigSchema>, { $typeName: string }>

const people: TomlTable[] = [
  { match: 'admin', role: 'admin' },
  { match: 'spiffe://corral/*', role: 'admin' },
  { match: 'alice', role: 'operator' },
  { match: 'bob', role: 'operator' },
  { match: 'victor', role: 'viewer' },
]

interface Fixtures {
  /** A daemon that knows some people, with further configuration. */
  daemonOf: (config?: TomlTable) => Promise<TestDaemon>
}

const test = base.extend<Fixtures>({
  daemonOf: async ({ openDaemon }, use) => {
    await use(async (config = {}) => openDaemon({ tls: true, config: { identity: people, ...config } }))
  },
})

const sleeper: Config = { command: ['sleep', 'infinity'] }
const start = async (caller: Caller, config: Config = sleeper) => (await caller.start({ config })).job!

describe('who may do what', () => {
  test("somebody else's job is not there", async ({ daemonOf }) => {
    const daemon = await daemonOf()
    const [alice, bob, admin] = [
      await callerOf(daemon, 'alice'),
      await callerOf(daemon, 'bob'),
      await callerOf(daemon, 'operations', { uri: 'spiffe://corral/ops' }),
    ]
    const { name } = await start(alice, { ...sleeper, name: 'web' })
    const calls: Record<string, (name: string) => Promise<unknown>> = {
      get: (name) => bob.get({ name }),
      describe: (name) => bob.get({ name, describe: true }),
      stop: (name) => bob.stop({ name }),
      kill: (name) => bob.kill({ name, signal: 'SIGKILL' }),
      wait: (name) => bob.wait({ name }),
      output: (name) => Array.fromAsync(bob.output({ name })),
      writeInput: (name) => bob.writeInput({ name }),
      resize: (name) => bob.resize({ name, size: { columns: 1, rows: 1 } }),
      watch: (name) => Array.fromAsync(bob.watch({ name })),
      stats: (name) => Array.fromAsync(bob.stats({ names: [name] })),
      update: (name) => bob.update({ name, limits: { cpuWeight: 5 } }),
      freeze: (name) => bob.freeze({ name }),
      thaw: (name) => bob.thaw({ name }),
      exec: (name) => bob.exec({ name, config: { command: ['true'] } }),
      remove: (name) => bob.remove({ name, force: true }),
      changes: (name) => Array.fromAsync(bob.changes({ name })),
      collected: (name) => Array.fromAsync(bob.collected({ name, path: 'a' })),
    }
    for (const [method, call] of Object.entries(calls)) {
      const [others, none] = [await refusalOf(call(name)), await refusalOf(call('nil'))]
      expect([method, others.code, others.reason]).toEqual([method, 'NotFound', 'JOB_NOT_FOUND'])
      // Not even the words tell them apart.
      expect(others.message.replaceAll('web', 'nil')).toBe(none.message)
    }
    expect((await bob.list({})).jobs).toEqual([])
    expect((await bob.list({ owner: 'alice' })).jobs).toEqual([])
    expect((await admin.list({ owner: 'alice' })).jobs.map((job) => job.name)).toEqual(['web'])
    expect((await alice.get({ name })).job?.state).toBe(JobState.ACTIVE)
    expect((await admin.stop({ name })).job?.state).toBe(JobState.STOPPED)
  })

  test('a viewer looks, and does nothing', async ({ daemonOf }) => {
    const daemon = await daemonOf()
    const victor = await callerOf(daemon, 'victor')
    expect(await refusalOf(start(victor))).toMatchObject({
      code: 'PermissionDenied',
      reason: 'ROLE_REQUIRED',
      metadata: { role: 'viewer', required: 'operator' },
    })
    for (const call of [victor.stop({ name: 'a' }), victor.exec({ name: 'a' }), victor.remove({ name: 'a' })]) {
      expect((await refusalOf(call)).reason).toBe('ROLE_REQUIRED')
    }
    expect((await victor.list({})).jobs).toEqual([])
    expect((await victor.info({})).info).toMatchObject({ identity: 'victor', role: 'viewer' })
  })

  test('a certificate that the policy does not know is good for nothing, until it does', async ({ daemonOf }) => {
    const daemon = await daemonOf()
    const eve = await callerOf(daemon, 'eve')
    expect(await refusalOf(eve.info({}))).toMatchObject({ code: 'PermissionDenied', reason: 'UNKNOWN_IDENTITY' })
    await daemon.configure({ identity: [...people, { match: 'e*', role: 'viewer' }] })
    daemon.process.kill('SIGHUP')
    await eventually(async () => expect((await eve.info({})).info?.role).toBe('viewer'))
  })
})

describe('quotas', () => {
  const daemonWith = async (daemonOf: Fixtures['daemonOf'], quota: TomlTable) => {
    const daemon = await daemonOf({ quota })
    return [await callerOf(daemon, 'alice'), await callerOf(daemon, 'bob')] as const
  }

  test('of jobs at once', async ({ daemonOf }) => {
    const [alice, bob] = await daemonWith(daemonOf, { maxJobs: 2 })
    const { name } = await start(alice)
    await start(alice)
    expect(await refusalOf(start(alice))).toMatchObject({
      code: 'ResourceExhausted',
      reason: 'QUOTA_EXCEEDED',
      quotas: ['maxJobs'],
    })
    await start(bob)
    await alice.stop({ name })
    await start(alice)
    expect((await alice.info({})).info?.quota).toMatchObject({ maxJobs: 2, jobs: 2 })
  })

  test('of memory and CPU, which a job must then have limits of', async ({ daemonOf }) => {
    const [alice] = await daemonWith(daemonOf, { maxMemory: '100M', maxCpus: 1 })
    const limits = { memoryMax: '60M', cpuMax: '50000 100000' }
    expect(await refusalOf(start(alice))).toMatchObject({
      code: 'InvalidArgument',
      fields: ['config.limits.memory_max'],
    })
    const { name } = await start(alice, { ...sleeper, limits })
    expect(await refusalOf(start(alice, { ...sleeper, limits }))).toMatchObject({ quotas: ['maxMemoryBytes'] })
    const other = await start(alice, { ...sleeper, limits: { memoryMax: '40M', cpuMax: '50000' } })
    const more = { memoryMax: '1M', cpuMax: '1000' }
    expect(await refusalOf(start(alice, { ...sleeper, limits: more }))).toMatchObject({ quotas: ['maxMemoryBytes'] })
    expect(await refusalOf(alice.update({ name, limits: { cpuMax: 'max' } }))).toMatchObject({
      code: 'InvalidArgument',
    })
    expect(await refusalOf(alice.update({ name: other.name, limits: { memoryMax: '41M' } }))).toMatchObject({
      quotas: ['maxMemoryBytes'],
    })
    await alice.update({ name, limits: { memoryMax: '59M' } })
    await alice.update({ name: other.name, limits: { memoryMax: '41M' } })
  })

  test('of output that is kept', async ({ daemonOf }) => {
    const [alice] = await daemonWith(daemonOf, { maxOutput: '100K' })
    const { name } = await start(alice, { command: ['head', '-c', '150000', '/dev/zero'] })
    await alice.wait({ name })
    expect(await refusalOf(start(alice))).toMatchObject({ reason: 'QUOTA_EXCEEDED', quotas: ['maxOutputBytes'] })
    await alice.remove({ name })
    await start(alice)
  })

  test('of starts per minute, which says when to come again', async ({ daemonOf }) => {
    const [alice, bob] = await daemonWith(daemonOf, { maxStartsPerMinute: 3 })
    for (let index = 0; index < 3; index++) await start(alice, { command: ['true'] })
    const { code, reason, retryAfterMs } = await refusalOf(start(alice))
    expect([code, reason]).toEqual(['ResourceExhausted', 'RATE_LIMITED'])
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
    await start(bob)
  })
})

describe('rules', () => {
  const beyond: [Config, string][] = [
    [{ isolation: { profile: 'standard' } }, 'config.isolation.profile'],
    [{ user: 'root' }, 'config.user'],
    [{ isolation: { mounts: [{ type: 'bind', source: '/etc' }] } }, 'config.isolation.mounts[0].source'],
    [{ isolation: { root: { case: 'rootMode', value: 'host' } } }, 'config.isolation.root_mode'],
    [{ isolation: { network: { case: 'networkMode', value: 'host' } } }, 'config.isolation.network_mode'],
    [{ isolation: { devices: ['/dev/kvm'] } }, 'config.isolation.devices[0]'],
    [{ isolation: { capabilities: { names: ['CAP_SYS_ADMIN'] } } }, 'config.isolation.capabilities.names[0]'],
    [{ isolation: { seccomp: { case: 'seccompMode', value: 'none' } } }, 'config.isolation.seccomp_mode'],
    [{ stdin: { from: { case: 'file', value: '/etc/shadow' } } }, 'config.stdin.file'],
    [{ limits: { memoryMax: '2G' } }, 'config.limits.memory_max'],
    [{ noLimits: true }, 'config.no_limits'],
  ]
  test('refuse an operator what they do not have', async ({ daemonOf }) => {
    const daemon = await daemonOf({ rules: { limits: { memoryMax: { max: '1G' } } } })
    const alice = await callerOf(daemon, 'alice')
    for (const [config, field] of beyond) {
      const refusal = await refusalOf(start(alice, { ...sleeper, ...config }))
      expect(refusal).toMatchObject({ code: 'PermissionDenied', reason: 'FORBIDDEN_OPTION', fields: [field] })
      expect(refusal.metadata['accepted']).not.toBe('')
    }
    expect((await alice.list({})).jobs).toEqual([])
  })

  test('force a user, variables and labels, and fill in what a job does not say', async ({ daemonOf }) => {
    const forced = { user: 'nobody', env: { HTTP_PROXY: 'http://proxy' }, labels: { team: 'a' } }
    const limits = { memoryMax: { default: '64M', max: '1G' }, pidsMax: { max: 32 } }
    const daemon = await daemonOf({ rules: { ...forced, limits, timeout: { max: '1m' } } })
    const alice = await callerOf(daemon, 'alice')
    const { name, labels } = await start(alice, { command: ['sh', '-c', 'id -un; echo $HTTP_PROXY'] })
    await alice.wait({ name })
    expect(await outputOf(alice, name)).toBe('nobody\nhttp://proxy\n')
    expect(labels).toEqual({ team: 'a' })
    const { description } = await alice.get({ name, describe: true })
    expect(description?.spec).toMatchObject({
      limits: { memoryMax: '64M', pidsMax: 32 },
      timeoutMs: 60_000,
      isolation: { profile: 'strict' },
    })
    expect(await refusalOf(alice.update({ name, limits: { pidsMax: 'max' } }))).toMatchObject({
      reason: 'FORBIDDEN_OPTION',
      fields: ['limits.pids_max'],
    })
  })

  test('hold for further commands and for the queue', async ({ daemonOf }) => {
    const daemon = await daemonOf({ jobs: { maxActive: 1 } })
    const alice = await callerOf(daemon, 'alice')
    const { name } = await start(alice)
    expect(await refusalOf(alice.exec({ name, config: { command: ['id'], user: 'root' } }))).toMatchObject({
      reason: 'FORBIDDEN_OPTION',
      fields: ['config.user'],
    })
    expect(await refusalOf(alice.start({ config: sleeper, priority: 1 }))).toMatchObject({
      reason: 'FORBIDDEN_OPTION',
      fields: ['priority'],
    })
    const queued = await alice.start({ config: sleeper, priority: -1, restart: { mode: RestartMode.ALWAYS } })
    expect(queued.job).toMatchObject({ state: JobState.QUEUED, priority: -1 })
  })

  test('are none for an admin', async ({ daemonOf }) => {
    const daemon = await daemonOf()
    const admin = await callerOf(daemon, 'operations', { uri: 'spiffe://corral/ops' })
    const { name } = await start(admin, { command: ['id', '-u'], isolation: { profile: 'none' }, user: 'root' })
    expect((await admin.wait({ name })).job?.exitStatus).toBe(0)
  })

  test('leave an operator who asks for nothing in all fences of strict', async ({ daemonOf }) => {
    const daemon = await daemonOf()
    const alice = await callerOf(daemon, 'alice')
    const script = 'grep -E "^(Uid|CapEff|NoNewPrivs|Seccomp):" /proc/self/status; touch /usr/x; ls /sys/class/net'
    const { name } = await start(alice, { command: ['sh', '-c', script] })
    await alice.wait({ name })
    const said = await outputOf(alice, name)
    expect(said).toMatch(/^Uid:\t(?!0\t)\d+\t/m)
    expect(said).toMatch(/^CapEff:\t0+$/m)
    expect(said).toMatch(/^NoNewPrivs:\t1$/m)
    expect(said).toMatch(/^Seccomp:\t2$/m)
    expect(said).toContain('Read-only file system')
    expect(said).toMatch(/^lo$/m)
    expect(said).not.toMatch(/^eth/m)
  })

  test('let nobody past a path by a link, by dots or by a name that begins alike', async ({ daemonOf, folder }) => {
    const data = join(folder, 'data')
    await mkdir(join(data, 'in'), { recursive: true })
    await mkdir(`${data}base`)
    await symlink('/etc', join(data, 'etc'))
    const daemon = await daemonOf({ rules: { mounts: [data] } })
    const alice = await callerOf(daemon, 'alice')
    const mounting = (source: string): Config => ({
      command: ['ls', '/tmp/seen'],
      isolation: { mounts: [{ type: 'bind', source, target: '/tmp/seen' }] },
    })
    const refused = async (source: string) => (await refusalOf(start(alice, mounting(source)))).reason
    expect(await refused(join(data, 'etc'))).toBe('INVALID_OPTION')
    expect(await refused(`${data}/etc/ssl`)).toBe('INVALID_OPTION')
    expect(await refused(`${data}/../data/../../../../etc`)).toBe('FORBIDDEN_OPTION')
    expect(await refused(`${data}base`)).toBe('FORBIDDEN_OPTION')
    const { name } = await start(alice, mounting(`${data}//in/../`))
    await alice.wait({ name })
    expect(await outputOf(alice, name)).toBe('etc\nin\n')
  })
})

async function outputOf(caller: Caller, name: string): Promise<string> {
  const parts = await Array.fromAsync(caller.output({ name }))
  return Buffer.concat(parts.map(({ data }) => data)).toString()
}
