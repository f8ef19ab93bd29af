import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { JobService } from '@corral/api'
import { describe, expect } from 'vitest'

import { access } from '../../packages/daemon/src/rpc/access.ts'
import { eventually } from '../support/eventually.ts'
import { auditLines, type Caller, callerOf, refusalOf } from './callers.ts'
import { test } from './fixture.ts'

type Method = keyof typeof JobService.method

const secret = 'hunter2-in-here'
const identity = [{ match: 'alice', role: 'operator' }]

/** One call of each method that changes something, in an order in which each can be done. */
const changes: readonly [Method, (caller: Caller) => Promise<unknown>][] = [
  [
    'start',
    (caller) =>
      caller.start({
        config: {
          name: 'web',
          command: ['sh', '-c', `: ${secret}; while read x; do :; done; sleep infinity`],
          env: { TOKEN: secret },
          stdin: { from: { case: 'stream', value: true } },
          files: { a: { data: new TextEncoder().encode(secret) } },
          labels: { note: secret },
        },
      }),
  ],
  ['writeInput', (caller) => caller.writeInput({ name: 'web', data: new TextEncoder().encode(secret), end: true })],
  ['update', (caller) => caller.update({ name: 'web', limits: { cpuWeight: 50 } })],
  ['freeze', (caller) => caller.freeze({ name: 'web' })],
  ['thaw', (caller) => caller.thaw({ name: 'web' })],
  ['exec', (caller) => caller.exec({ name: 'web', config: { command: ['echo', secret], env: { A: secret } } })],
  ['kill', (caller) => caller.kill({ name: 'web', signal: 'SIGCONT' })],
  ['stop', (caller) => caller.stop({ name: 'web' })],
  ['remove', (caller) => caller.remove({ name: 'web' })],
]

describe('the audit log', () => {
  test('has a line for each change, done or refused, and no secret', async ({ openDaemon }) => {
    const daemon = await openDaemon({ tls: true, config: { identity } })
    const alice = await callerOf(daemon, 'alice')
    for (const [, change] of changes) await change(alice)
    await refusalOf(alice.resize({ name: 'web', size: { columns: 80, rows: 24 } }))
    await refusalOf(alice.start({ config: { command: ['true', secret], isolation: { profile: 'none' } } }))
    await alice.list({})
    const lines = await auditLines(daemon)
    expect(lines.map(({ method, outcome }) => [method, outcome])).toEqual([
      ...changes.map(([method]) => [method, 'ok']),
      ['resize', 'not_found'],
      ['start', 'permission_denied'],
    ])
    for (const line of lines) {
      expect(line).toMatchObject({ identity: 'alice', via: 'tls', from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) })
      expect(line['requestId']).toMatch(/^[\w-]{36}$/)
    }
    expect(lines.at(0)).toMatchObject({ job: 'web', asked: { program: 'sh', arguments: 2, env: 1, files: 1 } })
    expect(lines.at(-1)).toMatchObject({ job: null, reason: 'FORBIDDEN_OPTION' })
    expect(JSON.stringify(lines)).not.toContain(secret)
    expect((await stat(join(daemon.storageRoot, '../audit.log'))).mode & 0o777).toBe(0o600)
    expect(daemon.log.join('\n')).not.toContain(secret)
  })

  test('is of every method that changes something', () => {
    const audited = Object.entries(access).flatMap(([method, { mutates }]) => (mutates ? [method] : []))
    expect(new Set(audited)).toEqual(new Set([...changes.map(([method]) => method), 'resize']))
  })

  test('goes on through restarts and with a new file, and tells local users by name', async ({
    openDaemon,
    connect,
  }) => {
    const daemon = await openDaemon()
    const root = await connect(daemon)
    const first = await root.start({ command: ['true'] })
    await daemon.kill('SIGKILL')
    await daemon.start()
    await root.wait(first)
    const path = join(daemon.storageRoot, '../audit.log')
    await rename(path, `${path}.1`)
    daemon.process.kill('SIGHUP')
    await eventually(() => stat(path))
    await root.stop(first)
    const lines = [...(await auditLines(daemon, 'audit.log.1')), ...(await auditLines(daemon))]
    expect(lines.map(({ method, identity, via }) => [method, identity, via])).toEqual([
      ['start', 'unix:root', 'unix'],
      ['stop', 'unix:root', 'unix'],
      ['remove', 'unix:root', 'unix'],
    ])
    expect(await auditLines(daemon, 'audit.log.1')).toHaveLength(1)
  })

  test('refuses changes while it cannot be written, and the daemon to begin', async ({ openDaemon, connect }) => {
    await expect(openDaemon({ config: { audit: { path: '/dev/full' } } })).rejects.toThrow('ENOSPC')
    const daemon = await openDaemon({ config: { audit: { path: '/dev/full', required: false } } })
    const root = await connect(daemon)
    await root.start({ command: ['true'] })
    await daemon.logged('The audit log cannot be written')
  })
})
