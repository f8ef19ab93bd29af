import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'

import { describe, expect, it } from 'vitest'

import { errnoName, errnoNumber, errnoText, startError, watchError } from './errno.ts'

describe('errnoName', () => {
  it('knows what libuv does not', () => {
    expect(['ECHILD', 'EDQUOT', 'EBADMSG', 'ESTALE'].map((name) => errnoName(errnoNumber(name)))).toEqual([
      'ECHILD',
      'EDQUOT',
      'EBADMSG',
      'ESTALE',
    ])
  })

  it('gives the usual one of two names', () => {
    expect(errnoName(constants.errno.EWOULDBLOCK)).toBe('EAGAIN')
    expect(errnoName(constants.errno.EOPNOTSUPP)).toBe('ENOTSUP')
  })

  it('passes on a number that has no name', () => {
    expect(errnoName(4000)).toBe('errno 4000')
    expect(errnoText('errno 4000')).toBe('errno 4000')
  })
})

describe('startError', () => {
  it('has words for every step that the launcher names', () => {
    const folder = new URL('../../../../launcher/', import.meta.url)
    const sources = readdirSync(folder)
      .filter((name) => name.endsWith('.c'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    const calls =
      /(?:in_fail\(in, |in_note\(&?\w+, |nw_fail\(&?nw, |mt_fail\(list, |ln_send_error\(\w+, (?:id|NULL|job->start_id), |\{ )"([\w-]+)", (?!CLONE|MOUNT|mt_|\d|-|SIGTERM)/g
    const steps = new Set(sources.flatMap((text) => [...text.matchAll(calls)].map((match) => match[1]!)))
    // What these say is not about a start.
    for (const other of ['peer', 'version']) steps.delete(other)
    expect(steps.size).toBeGreaterThan(25)
    const unknown = [...steps].filter((step) => startError(step, '', 'EINVAL').message.startsWith(`could not ${step}:`))
    expect(unknown).toEqual([])
  })

  it('tells a full disk from one that cannot be used', () => {
    expect(startError('spec', '/s', 'EDQUOT').code).toBe('STORAGE_FULL')
    expect(startError('spec', '/s', 'EACCES').code).toBe('STORAGE_UNUSABLE')
  })

  it('names the step, the path and the errno', () => {
    const error = startError('exec', '/bin/nothing', 'ENOENT')
    expect(error).toMatchObject({ code: 'COMMAND_NOT_FOUND', syscall: 'exec', path: '/bin/nothing', errno: 'ENOENT' })
    expect(error.message).toBe('could not execute the command /bin/nothing: no such file or directory (ENOENT)')
  })

  it('says of what is not executed that strict executes nothing that the job can write', () => {
    expect(startError('exec', '/srv/x', 'EACCES').message).toMatch(/bind it read-only, or see execWritable/)
  })

  it("says where a job's folders are its own when what was asked for is not in them", () => {
    const hint = /\/tmp, \/run and \/dev\/shm of its own/
    expect(startError('cwd', '/tmp/x', 'ENOENT').message).toMatch(hint)
    expect(startError('exec', './build.sh', 'ENOENT', '', '/run/x').message).toMatch(hint)
    for (const [path, errno] of [
      ['/tmp/x', 'EACCES'],
      ['/srv/x', 'ENOENT'],
      ['tool', 'ENOENT'],
    ] as const)
      expect(startError('exec', path, errno, '', '/tmp').message).not.toMatch(hint)
  })
})

describe('watchError', () => {
  it.each([
    ['ENOSPC', 'fs.inotify.max_user_watches'],
    ['EMFILE', 'fs.inotify.max_user_instances'],
  ])('names the limit behind %s', (code, limit) => {
    const error = watchError('watch /o', Object.assign(new Error('refused'), { code }))
    expect(error).toMatchObject({ code: 'CONTROL_FAILED', errno: code })
    expect(error.message).toContain(limit)
  })
})
