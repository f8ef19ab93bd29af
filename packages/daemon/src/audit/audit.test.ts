import { mkdtemp, readFile, rename, rm, stat, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { create } from '@bufbuild/protobuf'
import {
  ExecRequestSchema,
  KillRequestSchema,
  RestartMode,
  StartRequestSchema,
  UpdateRequestSchema,
  WriteInputRequestSchema,
} from '@corral/api'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Caller } from '../identity/caller.ts'
import { access } from '../rpc/access.ts'
import { AuditLog, type AuditOptions } from './audit-log.ts'
import type { Asked } from './contract.ts'
import { auditedMethods, summarize } from './summary.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-audit-'))
  path = join(folder, 'audit.log')
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const alice: Caller = { identity: 'spiffe://corral/alice', via: 'tls', from: '192.0.2.1:4000' }
const asked = (method: string, message: object, caller?: Caller): Asked => ({
  method,
  message,
  caller: caller ?? alice,
  requestId: 'r1',
})
const kill = asked('kill', create(KillRequestSchema, { name: 'web', signal: 'SIGHUP' }))
const lines = async (file = path) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => !('opened' in line))

describe('AuditLog', () => {
  it('appends a line for each change, in a file for its owner only', async () => {
    const start = create(StartRequestSchema, {
      requestId: 'client-1',
      priority: 3,
      restart: { mode: RestartMode.ALWAYS },
      config: {
        command: ['/bin/sh', '-c', 'curl -H "token: x"'],
        name: 'web',
        env: { A: '1', B: '2' },
        limits: { memoryMax: '1G' },
        isolation: { profile: 'strict', mounts: [{ type: 'bind-ro', source: '/srv' }], noNewPrivileges: true },
        files: { a: { data: new Uint8Array(7) } },
        stdin: { from: { case: 'stream', value: true } },
        timeout: { seconds: 5n, nanos: 500_000_000 },
      },
    })
    {
      await using audit = await AuditLog.open({ path })
      await audit.record(asked('start', start), { code: 'ok', job: 'web' })
      await audit.record(kill, { code: 'permission_denied', reason: 'ROLE_REQUIRED' })
    }
    await using again = await AuditLog.open({ path })
    await again.record({ ...kill, caller: undefined }, { code: 'not_found' })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const who = { identity: 'spiffe://corral/alice', via: 'tls', from: '192.0.2.1:4000', requestId: 'r1' }
    expect(await lines()).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        ...who,
        method: 'start',
        job: 'web',
        outcome: 'ok',
        asked: {
          program: '/bin/sh',
          arguments: 2,
          env: 2,
          stdin: 'stream',
          timeoutMs: 5500,
          isolation: {
            profile: 'strict',
            mounts: [{ type: 'bind-ro', source: '/srv' }],
            noNewPrivileges: true,
          },
          limits: { memoryMax: '1G' },
          files: 1,
          fileBytes: 7,
          startId: 'client-1',
          restart: 'always',
          priority: 3,
        },
      },
      {
        at: expect.any(String),
        ...who,
        method: 'kill',
        job: 'web',
        outcome: 'permission_denied',
        reason: 'ROLE_REQUIRED',
        asked: { signal: 'SIGHUP' },
      },
      expect.objectContaining({ identity: null, from: null, via: null, outcome: 'not_found' }),
    ])
  })

  it('has written a line before it says so', async () => {
    await using audit = await AuditLog.open({ path })
    await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        const name = `job-${index}`
        await audit.record(asked('kill', create(KillRequestSchema, { name })), { code: 'ok' })
        expect(await readFile(path, 'utf8')).toContain(`"${name}"`)
      }),
    )
    expect(new Set((await lines()).map(({ job }) => job)).size).toBe(500)
  })

  it('goes on in a new file once the old one was moved away', async () => {
    await using audit = await AuditLog.open({ path })
    await audit.record(kill, { code: 'ok' })
    await rename(path, `${path}.1`)
    await audit.record(kill, { code: 'ok' })
    await audit.reopen()
    await audit.record(kill, { code: 'not_found' })
    expect((await lines(`${path}.1`)).map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
    expect((await lines()).map(({ outcome }) => outcome)).toEqual(['not_found'])
  })

  it('refuses every change while it cannot be written, and loses no line', async () => {
    const told: (string | undefined)[] = []
    const onFailure = (error: Error | null) => told.push(error?.message)
    await symlink('/dev/full', path)
    await expect(AuditLog.open({ path, onFailure })).rejects.toThrow('ENOSPC')
    told.length = 0
    await unlink(path)
    await using audit = await AuditLog.open({ path, onFailure })
    await audit.ready()
    await rename(path, `${path}.1`)
    await symlink('/dev/full', path)
    await audit.reopen()
    await expect(audit.ready()).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' })
    await expect(audit.record(kill, { code: 'ok' })).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' })
    await expect(audit.ready()).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' })
    await unlink(path)
    await audit.reopen()
    await audit.ready()
    expect((await lines()).map(({ job }) => job)).toEqual(['web'])
    expect(told).toEqual([expect.stringContaining('ENOSPC'), undefined])
  })

  it('lets changes pass where it is not required, and says how many lines were lost', async () => {
    await symlink('/dev/full', path)
    const options: AuditOptions = { path, required: false, maxPendingBytes: 1000 }
    await using audit = await AuditLog.open(options)
    for (let index = 0; index < 20; index++) {
      await audit.ready()
      await audit.record(kill, { code: 'ok' })
    }
    await unlink(path)
    await audit.reopen()
    await audit.record(kill, { code: 'ok' })
    await audit.record(kill, { code: 'ok' })
    const written = await lines()
    const lost = written.flatMap((line) => ('lost' in line ? [line['lost'] as number] : []))
    expect(lost).toHaveLength(1)
    expect(written.length - 1 + lost[0]!).toBe(22)
  })

  it('refuses a file that is none', async () => {
    await expect(AuditLog.open({ path: folder })).rejects.toThrow('EISDIR')
    await expect(AuditLog.open({ path: join(folder, 'none', 'audit.log') })).rejects.toThrow('ENOENT')
  })

  it('notes the first and the last of an input, and what failed', async () => {
    await using audit = await AuditLog.open({ path })
    const send = (offset: number, code = 'ok', end = false) =>
      audit.record(asked('writeInput', create(WriteInputRequestSchema, { name: 'a', offset: BigInt(offset), end })), {
        code,
      })
    for (const offset of [0, 5, 9]) await send(offset)
    await send(10, 'not_found')
    await send(12, 'ok', true)
    const noted = (await lines()).map((line) => [line['outcome'], line['asked']])
    expect(noted).toEqual([
      ['ok', { offset: 0, bytes: 0 }],
      ['not_found', { offset: 10, bytes: 0 }],
      ['ok', { offset: 12, bytes: 0, end: true }],
    ])
  })
})

describe('what is said of a request', () => {
  it('is said of each method that changes something', () => {
    const changing = Object.entries(access).flatMap(([method, { mutates }]) => (mutates ? [method] : []))
    expect(auditedMethods.toSorted()).toEqual(changing.toSorted())
  })

  it('has an end', () => {
    const mounts = Array.from({ length: 1000 }, () => ({ type: 'bind', source: 'x'.repeat(10_000) }))
    const limits = { memoryMax: 'y'.repeat(100_000) }
    const text = JSON.stringify([
      summarize(
        'start',
        create(StartRequestSchema, { config: { command: ['z'.repeat(9999)], isolation: { mounts } } }),
      ),
      summarize('update', create(UpdateRequestSchema, { limits })),
    ])
    expect(text.length).toBeLessThan(10_000)
    expect(text).toContain('and 984 more')
  })

  it('holds none of what may be secret', () => {
    const secret = 'f3b1c9d2-secret'
    const planted = fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}${secret}${after}`)
    const pairs = fc.dictionary(fc.string(), planted, { noNullPrototype: true })
    const bytes = planted.map((text) => new TextEncoder().encode(text))
    const config = fc.record({
      command: fc.array(planted).map((words) => ['/bin/true'].concat(words)),
      env: pairs,
      unsetEnv: fc.array(planted),
      labels: pairs,
      files: fc.dictionary(planted, fc.record({ data: bytes }), { noNullPrototype: true }),
      stdin: fc.record({ from: fc.record({ case: fc.constant('data' as const), value: bytes }) }),
      collect: fc.record({ paths: fc.array(planted) }),
      isolation: fc.record({
        seccomp: fc.record({ case: fc.constant('seccompJson' as const), value: planted }),
        maskedPaths: fc.array(planted),
        hostname: planted,
      }),
    })
    fc.assert(
      fc.property(config, (each) => {
        const { command, env, unsetEnv, stdin } = each
        const start = summarize('start', create(StartRequestSchema, { config: each }))
        const exec = summarize('exec', create(ExecRequestSchema, { config: { command, env, unsetEnv, stdin } }))
        const input = summarize('writeInput', create(WriteInputRequestSchema, { data: stdin.from.value }))
        expect(JSON.stringify([start, exec, input])).not.toContain('secret')
        expect(start['program']).toBe('/bin/true')
      }),
    )
  })
})
