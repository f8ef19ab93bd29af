import type { ExecConfig, Isolation, JobConfig, Limits, Mount, Network, Usage } from '@corral/runner'
import * as fc from 'fast-check'

import type { ManagedStartOptions, ManagedSummary } from '../managed.ts'

/**
 * Everything that can be asked for, in the form in which it comes out of a message: numbers that go as text are text,
 * and what may be written in a short way is written in full.
 */

/** Objects as literals make them. */
export const record = ((model: Record<string, fc.Arbitrary<unknown>>, constraints: object = {}) =>
  fc.record(model, { noNullPrototype: true, ...constraints })) as typeof fc.record

/** Any of the options may be missing, none is undefined. */
function some<T extends object>(model: {
  [Key in keyof T]-?: fc.Arbitrary<Exclude<T[Key], undefined>>
}): fc.Arbitrary<T> {
  return record(model, { requiredKeys: [] }) as unknown as fc.Arbitrary<T>
}

const text = fc.string({ unit: 'binary', maxLength: 12 })
const key = fc.oneof(fc.string({ minLength: 1, maxLength: 8 }), fc.constant('__proto__'))
const texts = fc.array(text, { minLength: 1, maxLength: 3 })
const count = fc.nat({ max: 2 ** 32 - 1 })
const bytes = fc.oneof(fc.nat().map(String), fc.constant('64M'), fc.constant('max'))
const ms = fc.oneof(
  fc.nat(),
  fc.constant(2 ** 31 - 1),
  fc.nat().map((tenths) => tenths / 10),
)
const data = fc.uint8Array({ maxLength: 64 })
const dictionary = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true })

export const limits = some<Limits>({
  cpuMax: text,
  cpuWeight: count,
  cpusetCpus: text,
  memoryMax: bytes,
  memoryHigh: bytes,
  swapMax: bytes,
  ioMax: fc.array(
    text.map((line) => `/${line.replaceAll('\n', '')} rbps=1`),
    { minLength: 1, maxLength: 2 },
  ),
  ioWeight: count,
  pidsMax: fc.oneof(count, fc.constant('max' as const)),
})

const flags = { nosuid: fc.boolean(), nodev: fc.boolean(), noexec: fc.boolean() }
const mount = fc.oneof(
  record(
    { type: fc.constantFrom('bind', 'bind-ro', 'overlay'), source: text, target: text, ...flags },
    { requiredKeys: ['type', 'source'] },
  ),
  record(
    { type: fc.constant('tmpfs'), target: text, size: bytes, mode: fc.nat({ max: 0o1777 }), ...flags },
    { requiredKeys: ['type', 'target'] },
  ),
) as fc.Arbitrary<Mount>

const network: fc.Arbitrary<Network> = fc.oneof(
  fc.constantFrom('none', 'host', 'private'),
  record(
    { type: fc.constant('private'), ports: texts, allow: fc.array(text, { maxLength: 3 }), dns: fc.boolean() },
    { requiredKeys: ['type'] },
  ),
)

const half = fc.oneof(fc.nat(), fc.constant('unlimited' as const))
const idMap = fc.array(record({ inside: count, outside: count, size: count }), { minLength: 1, maxLength: 2 })
const large = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })
const seccompProfile = record({
  defaultAction: fc.constant('SCMP_ACT_ERRNO'),
  syscalls: fc.array(
    record({
      names: texts,
      action: text,
      args: fc.array(record({ index: fc.nat({ max: 5 }), value: fc.oneof(fc.nat(), large), op: text }), {
        maxLength: 2,
      }),
    }),
    { maxLength: 2 },
  ),
})

const isolation = some<Isolation>({
  profile: fc.constantFrom('standard', 'strict', 'none'),
  root: fc.oneof(
    fc.constantFrom('host', 'read-only', 'overlay'),
    record(
      { directory: text, access: fc.constantFrom('read-write', 'read-only', 'overlay') },
      { requiredKeys: ['directory'] },
    ),
  ),
  keepChanges: fc.boolean(),
  mounts: fc.array(mount, { minLength: 1, maxLength: 3 }),
  network,
  hostname: text,
  capabilities: fc.array(text, { maxLength: 2 }),
  seccomp: fc.oneof(fc.constantFrom('default', 'none', '/etc/profile.json'), seccompProfile),
  rlimits: dictionary(record({ soft: half, hard: half })),
  devices: texts,
  readOnlyPaths: texts,
  maskedPaths: texts,
  uidMap: idMap,
  gidMap: idMap,
  noNewPrivileges: fc.boolean(),
  landlock: fc.boolean(),
  execWritable: fc.boolean(),
})

const command = fc.array(text, { maxLength: 4 })
const terminal = record({ columns: count, rows: count })
const env = dictionary(fc.oneof(text, fc.constant(undefined)))

const options = some<Omit<JobConfig, 'command' | 'shim' | keyof Limits> & ManagedStartOptions>({
  name: fc.string({ minLength: 1 }),
  env,
  cwd: text,
  user: text,
  group: text,
  noLimits: fc.constant(true),
  isolation,
  workdir: fc.oneof(fc.constant('private' as const), record({ size: bytes })),
  files: dictionary(fc.oneof(data, record({ data, mode: fc.nat({ max: 0o777 }) }))),
  collect: record({ paths: texts, maxBytes: fc.maxSafeNat(), timeoutMs: ms }, { requiredKeys: ['paths'] }),
  stdin: fc.oneof(data, record({ file: text })),
  tty: terminal,
  labels: dictionary(text),
  timeoutMs: ms,
  stopSignal: fc.constantFrom('SIGTERM', 'SIGINT'),
  stopGraceMs: ms,
  outputMax: bytes,
  restart: record(
    { mode: fc.constantFrom('never', 'on-failure', 'always'), maxRestarts: count, backoffMs: ms, backoffMaxMs: ms },
    { requiredKeys: ['mode'] },
  ),
  priority: fc.integer().filter((priority) => priority !== 0),
  whenFull: fc.constantFrom('queue', 'refuse'),
})

export const startOptions: fc.Arbitrary<JobConfig & ManagedStartOptions> = fc
  .tuple(record({ command }), options, limits)
  .map((parts) => Object.assign({}, ...parts) as JobConfig & ManagedStartOptions)

export const execConfig = record(
  {
    command,
    env,
    cwd: text,
    user: text,
    group: text,
    stdin: fc.oneof(data, record({ file: text })),
    tty: terminal,
    timeoutMs: ms,
  },
  { requiredKeys: ['command'] },
) as fc.Arbitrary<ExecConfig>

const date = fc.date({
  noInvalidDate: true,
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
})
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null })
const states = ['active', 'exited', 'signaled', 'oom', 'timed-out', 'stopped', 'lost', 'queued', 'restarting', 'failed']
const state = fc.constantFrom(...states) as fc.Arbitrary<ManagedSummary['state']>
const failure = orNull(record({ code: text, message: text }))
const exitStatus = orNull(fc.nat({ max: 255 }))
const signal = orNull(fc.constantFrom('SIGKILL' as const, 'SIGTERM' as const))
const size = fc.maxSafeNat()

export const usage: fc.Arbitrary<Usage> = record({
  cpuUserUs: size,
  cpuSystemUs: size,
  cpuThrottledUs: orNull(size),
  memoryBytes: orNull(size),
  memoryPeakBytes: orNull(size),
  ioReadBytes: orNull(size),
  ioWriteBytes: orNull(size),
  ioReadOperations: orNull(size),
  ioWriteOperations: orNull(size),
  pids: orNull(size),
  pidsPeak: orNull(size),
})

export const summary: fc.Arbitrary<ManagedSummary> = record({
  name: text,
  owner: text,
  state,
  exitStatus,
  signal,
  oom: fc.boolean(),
  oomKills: size,
  timedOut: fc.boolean(),
  createdAt: date,
  startedAt: orNull(date),
  finishedAt: orNull(date),
  pid: orNull(count),
  usage: orNull(usage),
  collected: fc.array(
    record({
      path: text,
      files: size,
      bytes: size,
      omitted: orNull(record({ count: size, path: text, errno: text, reason: text })),
    }),
    { maxLength: 2 },
  ),
  command,
  labels: fc.dictionary(key, text, { maxKeys: 2, noNullPrototype: true }),
  outputBytes: size,
  outputDroppedBytes: size,
  restart: record({ mode: fc.constantFrom('never' as const, 'always' as const) }),
  attempts: fc.array(
    record({
      number: count,
      state,
      exitStatus,
      signal,
      startedAt: orNull(date),
      finishedAt: orNull(date),
      outputBytes: size,
      failure,
    }),
    { maxLength: 2 },
  ),
  attempt: count,
  priority: fc.integer(),
  queuePosition: orNull(count),
  restartAt: orNull(date),
  failure,
}).map((job) => Object.assign(job, { active: job.state === 'active' }))
