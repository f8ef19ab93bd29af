import { afterEach, expect, test, vi } from 'vitest'

import { placeJob } from './workdir.ts'

function isIn(folder: string): void {
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
}

afterEach(() => void vi.restoreAllMocks())

test('a job works in the current directory', () => {
  isIn('/srv/app')
  expect(placeJob({}, undefined)).toEqual({ cwd: '/srv/app' })
  expect(placeJob({ workdir: 'sub' }, { root: 'overlay' })).toEqual({
    cwd: '/srv/app/sub',
    isolation: { root: 'overlay' },
  })
})

test.each([
  ['/tmp/x', undefined, 'bind'],
  ['/run/x/y', {}, 'bind'],
  ['/dev/shm/x', { profile: 'standard', root: 'read-only' }, 'bind-ro'],
  ['/tmp/x', { profile: 'strict' }, 'bind-ro'],
  ['/tmp/x', { profile: 'strict', root: 'host' }, 'bind'],
  ['/tmp/x', { root: 'overlay' }, 'overlay'],
] as const)('%s with %j is shown as %s', (cwd, isolation, type) => {
  isIn(cwd)
  expect(placeJob({}, isolation)).toEqual({ cwd, isolation: { ...isolation, mounts: [{ type, source: cwd }] } })
})

test('it is shown before what is mounted in it', () => {
  isIn('/tmp/x')
  const inside = { type: 'tmpfs', target: '/tmp/x/build' } as const
  expect(placeJob({}, { mounts: [inside] }).isolation).toEqual({ mounts: [{ type: 'bind', source: '/tmp/x' }, inside] })
})

test.each([
  ['/tmp', {}],
  ['/run', {}],
  ['/tmpfiles/x', {}],
  ['/tmp/x', { profile: 'none' }],
  ['/tmp/x', { mounts: [{ type: 'bind', source: '/tmp/x' }] }],
  ['/tmp/x', { mounts: [{ type: 'tmpfs', target: '/tmp/x' }] }],
  ['/tmp/x', { mounts: [{ type: 'bind', source: '/tmp' }] }],
] as const)('%s with %j is left as it is', (cwd, isolation) => {
  isIn(cwd)
  expect(placeJob({}, isolation)).toEqual({ cwd, isolation })
})

test('a root or a folder of its own takes the place of the current directory', () => {
  isIn('/tmp/x')
  const isolation = { root: { directory: '/r' } }
  expect(placeJob({}, isolation)).toEqual({ cwd: '/', isolation })
  expect(placeJob({ privateWorkdir: '1G' }, undefined)).toEqual({ workdir: { size: '1G' } })
  expect(placeJob({ workdir: '/tmp/y' }, undefined)).toEqual({ cwd: '/tmp/y' })
})
