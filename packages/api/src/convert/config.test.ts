import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import type { ExecConfig, JobConfig } from '@corral/runner'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  ExecConfigSchema,
  JobConfigSchema,
  LimitsSchema,
  RestartMode,
  RestartPolicySchema,
} from '../gen/corral/v1/job_pb.ts'
import { StartRequestSchema, WhenFull } from '../gen/corral/v1/job_service_pb.ts'
import { execConfig, limits, startOptions } from './arbitrary.fixture.ts'
import { execConfigFromProto, execConfigToProto } from './exec-config.ts'
import { jobConfigFromProto, jobConfigToProto } from './job-config.ts'
import { limitsFromProto, limitsToProto } from './limits.ts'
import { startRequestFromProto, startRequestToProto } from './start.ts'

const thrown = (attempt: () => unknown): unknown => {
  try {
    attempt()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('a start', () => {
  it('comes out of its message as it went in', () => {
    fc.assert(
      fc.property(startOptions, fc.string({ minLength: 1 }), (given, id) => {
        const sent = toBinary(StartRequestSchema, startRequestToProto(given, id))
        const { config, requestId, streamsInput, ...others } = startRequestFromProto(
          fromBinary(StartRequestSchema, sent),
        )
        expect({ ...config, ...others }).toStrictEqual(given)
        expect([requestId, streamsInput]).toEqual([id, false])
      }),
    )
  })

  it('comes out of its JSON as it went in', () => {
    fc.assert(
      fc.property(startOptions, (given) => {
        const sent = JSON.stringify(toJson(StartRequestSchema, startRequestToProto(given, 'id')))
        const { config, requestId, streamsInput, ...others } = startRequestFromProto(
          fromJson(StartRequestSchema, JSON.parse(sent)),
        )
        expect([{ ...config, ...others }, requestId, streamsInput]).toStrictEqual([given, 'id', false])
      }),
    )
  })

  it('has what was written in a short way in full', () => {
    const short: JobConfig = {
      command: ['true'],
      user: 0,
      memoryMax: 4096,
      pidsMax: 10,
      ioMax: '/ rbps=1\n/srv wbps=2\n',
      isolation: 'strict',
      workdir: 'private',
      files: { a: 'ä' },
      collect: ['out'],
      stdin: 'ä',
      tty: true,
      timeoutMs: 1.5,
    }
    expect(jobConfigFromProto(jobConfigToProto(short))).toStrictEqual({
      command: ['true'],
      user: '0',
      memoryMax: '4096',
      pidsMax: 10,
      ioMax: ['/ rbps=1', '/srv wbps=2'],
      isolation: { profile: 'strict' },
      workdir: 'private',
      files: { a: new Uint8Array([0xc3, 0xa4]) },
      collect: { paths: ['out'] },
      stdin: new Uint8Array([0xc3, 0xa4]),
      tty: { columns: 80, rows: 24 },
      timeoutMs: 1.5,
    })
    const isolation = { rlimits: { nofile: 5 }, network: { type: 'private' as const, ports: [80, '81:82'] } }
    expect(jobConfigFromProto(jobConfigToProto({ command: ['true'], isolation })).isolation).toStrictEqual({
      rlimits: { nofile: { soft: 5, hard: 5 } },
      network: { type: 'private', ports: ['80', '81:82'] },
    })
  })

  it('says of a stream only that there is one', () => {
    const request = startRequestToProto({ command: ['cat'], stdin: new ReadableStream<Uint8Array>() }, 'id')
    const { config, streamsInput } = startRequestFromProto(request)
    expect([config, streamsInput]).toStrictEqual([{ command: ['cat'] }, true])
  })

  it('adds nothing to what was not set', () => {
    const request = create(StartRequestSchema, { config: { command: ['true'] } })
    expect(startRequestFromProto(request)).toStrictEqual({ config: { command: ['true'] }, streamsInput: false })
  })
})

describe('a further command', () => {
  it('comes out of its message as it went in', () => {
    fc.assert(
      fc.property(execConfig, (given) => {
        const sent = toBinary(ExecConfigSchema, execConfigToProto(given))
        expect(execConfigFromProto(fromBinary(ExecConfigSchema, sent))).toStrictEqual(given)
      }),
    )
  })

  it('leaves with its caller what cancels it', () => {
    const config: ExecConfig = { command: ['true'], signal: AbortSignal.abort() }
    expect(execConfigFromProto(execConfigToProto(config))).toStrictEqual({ command: ['true'] })
  })
})

it('limits come out of their message as they went in', () => {
  fc.assert(
    fc.property(limits, (given) => {
      const sent = toBinary(LimitsSchema, limitsToProto(given))
      expect(limitsFromProto(fromBinary(LimitsSchema, sent))).toStrictEqual(given)
    }),
  )
})

describe('what cannot be sent is refused by its option', () => {
  it.each([
    ['memroyMax', { memroyMax: '1G' }],
    ['shim', { shim: 'self' }],
    ['command', { command: 'true' }],
    ['command[0]', { command: [1] }],
    ['env.A', { env: { A: 1 } }],
    ['cpuWeight', { cpuWeight: 1.5 }],
    ['ioMax', { ioMax: [] }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['stopGraceMs', { stopGraceMs: Number.NaN }],
    ['stdin', { stdin: 5 }],
    ['stdin.path', { stdin: { file: '/a', path: '/b' } }],
    ['tty.columns', { tty: { rows: 5 } }],
    ['labels.a', { labels: { a: 5 } }],
    ['files[a].mod', { files: { a: { data: '', mod: 1 } } }],
    ['workdir', { workdir: 'shared' }],
    ['collect.maxBytes', { collect: { paths: [], maxBytes: 2 ** 53 } }],
    ['isolation.netwrok', { isolation: { netwrok: 'none' } }],
    ['isolation.mounts[1].type', { isolation: { mounts: [{ type: 'tmpfs' }, {}] } }],
    ['isolation.mounts[0].mode', { isolation: { mounts: [{ type: 'tmpfs', mode: '0755' }] } }],
    ['isolation.root.directory', { isolation: { root: {} } }],
    ['isolation.network.type', { isolation: { network: {} } }],
    ['isolation.rlimits.nofile', { isolation: { rlimits: { nofile: '5' } } }],
    ['isolation.uidMap', { isolation: { uidMap: [] } }],
    ['isolation.uidMap[0]', { isolation: { uidMap: [{ inside: 0 }] } }],
    ['priority', { priority: 2 ** 31 }],
    ['whenFull', { whenFull: 'wait' }],
    ['restart.mode', { restart: {} }],
    ['restart.backofMs', { restart: { mode: 'always', backofMs: 5 } }],
  ])('%s', (field, options) => {
    const error = thrown(() => startRequestToProto({ command: ['true'], ...options } as JobConfig, 'id'))
    expect(error).toMatchObject({ name: 'FieldError', field })
  })
})

describe('what a message may not hold is refused by its field', () => {
  const config = create(JobConfigSchema, { command: ['true'] })
  it.each([
    ['config', create(StartRequestSchema)],
    ['when_full', create(StartRequestSchema, { config, whenFull: 9 as WhenFull })],
    ['restart.mode', create(StartRequestSchema, { config, restart: create(RestartPolicySchema) })],
    ['restart.mode', create(StartRequestSchema, { config, restart: { mode: 9 as RestartMode } })],
    [
      'restart.backoff',
      create(StartRequestSchema, { config, restart: { mode: RestartMode.NEVER, backoff: { seconds: -1n } } }),
    ],
    ['config.timeout', create(StartRequestSchema, { config: { timeout: { nanos: -1 } } })],
    ['config.stop_grace', create(StartRequestSchema, { config: { stopGrace: { seconds: 2n ** 60n } } })],
    ['config.collect.max_bytes', create(StartRequestSchema, { config: { collect: { maxBytes: 2n ** 53n } } })],
    ['config.collect.timeout', create(StartRequestSchema, { config: { collect: { timeout: { nanos: 1e9 } } } })],
    ['config.stdin', create(StartRequestSchema, { config: { stdin: {} } })],
    ['config.stdin', create(StartRequestSchema, { config: { stdin: { from: { case: 'stream', value: false } } } })],
    ['config.unset_env', create(StartRequestSchema, { config: { env: { A: '' }, unsetEnv: ['A'] } })],
    [
      'config.isolation.seccomp_json',
      create(StartRequestSchema, { config: { isolation: { seccomp: { case: 'seccompJson', value: '{' } } } }),
    ],
  ])('%s', (field, request) => {
    expect(thrown(() => startRequestFromProto(request))).toMatchObject({ name: 'FieldError', field })
  })
})
