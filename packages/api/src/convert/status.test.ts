import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { TimestampSchema } from '@bufbuild/protobuf/wkt'
import type { Change, ExecStatus } from '@corral/runner'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ChangeSchema } from '../gen/corral/v1/job_service_pb.ts'
import {
  AttemptSchema,
  DaemonInfoSchema,
  ExecStatusSchema,
  JobDescriptionSchema,
  JobEventSchema,
  JobSchema,
  JobState,
  QuotaSchema,
  UsageSchema,
} from '../gen/corral/v1/status_pb.ts'
import type { ManagedDescription, ManagedEvent, ManagedInfo } from '../managed.ts'
import { record, summary, usage } from './arbitrary.fixture.ts'
import { changeFromProto, changeToProto } from './change.ts'
import { descriptionFromProto, descriptionToProto } from './description.ts'
import { eventFromProto, eventToProto } from './event.ts'
import { execStatusFromProto, execStatusToProto } from './exec-status.ts'
import { infoFromProto, infoToProto } from './info.ts'
import { quotaFromProto, quotaToProto } from './quota.ts'
import { summaryFromProto, summaryToProto } from './summary.ts'
import { dateToProto } from './time.ts'
import { usageFromProto, usageToProto } from './usage.ts'

const at = new Date('2026-03-04T05:06:07.089Z')

describe('comes out of its message as it went in:', () => {
  it("a job's status", () => {
    fc.assert(
      fc.property(summary, (given) => {
        expect(summaryFromProto(fromBinary(JobSchema, toBinary(JobSchema, summaryToProto(given))))).toStrictEqual(given)
      }),
    )
  })

  it('what a job uses', () => {
    fc.assert(
      fc.property(usage, (given) => {
        expect(usageFromProto(fromBinary(UsageSchema, toBinary(UsageSchema, usageToProto(given))))).toStrictEqual(given)
      }),
    )
  })

  it('all that is known of a job', () => {
    const more = record({
      spec: fc.constantFrom(null, { version: 1, env: { A: 'b' }, user: null, timeoutMs: 5, tty: [] } as never),
      outputPath: fc.string(),
      collectedPath: fc.option(fc.string(), { nil: null }),
      changedPaths: fc.array(record({ target: fc.string(), path: fc.string() }), { maxLength: 2 }),
      ownUid: fc.option(fc.nat(), { nil: null }),
    })
    fc.assert(
      fc.property(summary, more, (status, description) => {
        const given: ManagedDescription = { ...status, ...description }
        const sent = toBinary(JobDescriptionSchema, descriptionToProto(given))
        expect(descriptionFromProto(fromBinary(JobDescriptionSchema, sent))).toStrictEqual(given)
      }),
    )
  })

  it('an event', () => {
    const types = ['queued', 'started', 'oom', 'exited', 'failed', 'removed'] as const
    fc.assert(
      fc.property(fc.constantFrom(...types), summary, fc.nat(), (type, status, pid) => {
        const has = {
          started: { pid },
          oom: { status },
          exited: { status },
          failed: { status },
          queued: {},
          removed: {},
        }
        const given = { type, name: status.name, at, ...has[type] } as ManagedEvent
        const sent = toBinary(JobEventSchema, eventToProto(given))
        expect(eventFromProto(fromBinary(JobEventSchema, sent))).toStrictEqual(given)
      }),
    )
  })

  it('the end of a further command', () => {
    const states = ['exited', 'signaled', 'timed-out', 'job-ended', 'lost'] as const
    for (const state of states) {
      const given: ExecStatus = { state, exitStatus: null, signal: 'SIGINT', startedAt: at, finishedAt: null }
      const sent = toBinary(ExecStatusSchema, execStatusToProto(given))
      expect(execStatusFromProto(fromBinary(ExecStatusSchema, sent))).toStrictEqual(given)
    }
  })

  it('a change', () => {
    const kind = fc.constantFrom<Change['kind'][]>('added', 'modified', 'deleted')
    const type = fc.constantFrom<Change['type'][]>('file', 'directory', 'symlink', 'fifo', 'socket', 'device')
    fc.assert(
      fc.property(record({ kind, path: fc.string(), type }), (given) => {
        expect(changeFromProto(fromBinary(ChangeSchema, toBinary(ChangeSchema, changeToProto(given))))).toEqual(given)
      }),
    )
  })

  it('a quota, and what the daemon is', () => {
    const quota = {
      bounds: { maxJobs: 5, maxMemoryBytes: 2 ** 40, maxCpus: 1.5 },
      usage: { jobs: 1, memoryBytes: 2 ** 33, cpus: 0.5, outputBytes: 0, startsInLastMinute: 3 },
    }
    const message = fromBinary(QuotaSchema, toBinary(QuotaSchema, quotaToProto(quota.bounds, quota.usage)))
    expect(quotaFromProto(message)).toStrictEqual(quota)
    const info: ManagedInfo = {
      version: '1.2.3',
      startedAt: at,
      uptimeMs: 1234,
      draining: true,
      identity: 'spiffe://corral/alice',
      role: 'operator',
      hostname: 'box',
      kernel: '6.1.0',
      architecture: 'x64',
      cpus: 8,
      memoryBytes: 2 ** 36,
      cgroupLayout: 'unified',
      storageRoot: '/var/lib/corral',
      jobs: { active: 2, 'timed-out': 1 },
      maxActive: null,
      quota,
    }
    expect(infoFromProto(fromBinary(DaemonInfoSchema, toBinary(DaemonInfoSchema, infoToProto(info))))).toStrictEqual(
      info,
    )
  })
})

describe('is refused by its field:', () => {
  const known = { state: JobState.ACTIVE, createdAt: dateToProto(at) }
  it.each([
    ['job.state', create(JobSchema)],
    ['job.state', create(JobSchema, { state: 99 as JobState })],
    ['job.created_at', create(JobSchema, { state: JobState.ACTIVE })],
    ['job.output_bytes', create(JobSchema, { ...known, outputBytes: 2n ** 53n })],
    ['job.usage.pids_peak', create(JobSchema, { ...known, usage: create(UsageSchema, { pidsPeak: 2n ** 63n }) })],
    ['job.attempts[0].state', create(JobSchema, { ...known, attempts: [create(AttemptSchema)] })],
    ['job.started_at', create(JobSchema, { ...known, startedAt: create(TimestampSchema, { seconds: 2n ** 60n }) })],
  ])('%s', (field, message) => {
    expect(() => summaryFromProto(message)).toThrow(expect.objectContaining({ name: 'FieldError', field }))
  })

  it.each([
    ['event.type', create(JobEventSchema)],
    ['event.at', create(JobEventSchema, { type: 1 })],
    ['event.pid', create(JobEventSchema, { type: 2, at: {} })],
    ['event.job', create(JobEventSchema, { type: 4, at: {} })],
  ])('%s', (field, message) => {
    expect(() => eventFromProto(message)).toThrow(expect.objectContaining({ name: 'FieldError', field }))
  })
})
