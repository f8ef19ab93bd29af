import { describe, expect, it } from 'vitest'

import { refuseUnknown } from '../errors/unknown.ts'
import { checkConfig, checkUpdate } from './check.ts'
import type { JobConfig, Limits } from './config.ts'

describe('checkConfig', () => {
  it('fills defaults in', async () => {
    expect(await checkConfig({ command: ['true'] }, 'job.')).toMatchObject({
      name: expect.stringMatching(/^job\.[0-9a-f-]{36}$/),
      cwd: '/',
      account: null,
      labels: {},
      limits: {},
      timeoutMs: null,
      stopSignal: 'SIGTERM',
      stopGraceMs: 0,
      shim: 'native',
    })
  })

  it.each([
    [{}, 'command'],
    [{ command: [] }, 'command'],
    [{ command: [''] }, 'command'],
    [{ command: ['a\0b'] }, 'command'],
    [{ command: ['true'], memorymax: '1M' }, 'memorymax'],
    [{ command: ['true'], cwd: 'here' }, 'cwd'],
    [{ command: ['true'], labels: ['a'] }, 'labels'],
    [{ command: ['true'], timeoutMs: 0 }, 'timeoutMs'],
    [{ command: ['true'], stopGraceMs: 2 ** 31 }, 'stopGraceMs'],
    [{ command: ['true'], stopSignal: 'TERM' }, 'stopSignal'],
    [{ command: ['true'], shim: 'other' }, 'shim'],
    [{ command: ['true'], user: 'no such user' }, 'user'],
    [{ command: ['true'], isolation: 'strict', group: 0 }, 'group'],
    [{ command: ['true'], tty: 'yes' }, 'tty'],
    [{ command: ['true'], workdir: 'shared' }, 'workdir'],
    [{ command: ['true'], workdir: 'private', isolation: 'none' }, 'workdir'],
    [{ command: ['true'], files: { a: '' }, isolation: { mounts: [{ type: 'tmpfs', target: '/tmp' }] } }, 'files'],
    [{ command: ['true'], files: { a: { data: '', permissions: 0o755 } } }, 'files[a].permissions'],
    [{ command: ['true'], collect: { path: 'a' } }, 'collect.path'],
  ])('refuses %j', async (config, option) => {
    await expect(checkConfig(config as unknown as JobConfig, 'job.')).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option,
    })
  })
})

describe('refuseUnknown', () => {
  it('says what there is', () => {
    expect(() => refuseUnknown('stop', { grace: 1 }, ['signal', 'graceMs'])).toThrow(/^grace: .*signal, graceMs$/)
    expect(() => refuseUnknown('stop', null, ['signal'])).toThrow(/^stop: received null/)
    expect(() => refuseUnknown('stop', {}, ['signal'])).not.toThrow()
  })
})

describe('checkUpdate', () => {
  it('takes limits alone to update with', () => {
    expect(checkUpdate({ pidsMax: 5 })).toEqual({ pidsMax: 5 })
    expect(() => checkUpdate({ command: ['true'] } as Limits)).toThrow(/^command/)
  })
})
