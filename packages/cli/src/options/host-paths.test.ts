import { resolve } from 'node:path'

import type { Isolation } from '@corral/runner'
import { expect, test } from 'vitest'

import { locatePaths } from './host-paths.ts'

test('here, paths are below the current directory', () => {
  const isolation: Isolation = {
    root: { directory: './r' },
    mounts: [
      { type: 'bind', source: 'a', target: '/b' },
      { type: 'tmpfs', target: '/t' },
    ],
    seccomp: 'mine.json',
  }
  expect(locatePaths(isolation, false)).toEqual({
    root: { directory: resolve('r') },
    mounts: [{ type: 'bind', source: resolve('a'), target: '/b' }, isolation.mounts![1]],
    seccomp: resolve('mine.json'),
  })
})

test.each<[Isolation, RegExp]>([
  [{ root: { directory: './r' } }, /--root \.\/r: it is a path on the daemon's host/],
  [{ mounts: [{ type: 'bind', source: 'a' }] }, /mount, a: .* absolute/],
  [{ seccomp: '/none.json' }, /--seccomp \/none\.json is no profile: ENOENT/],
])('on a daemon, %j is refused', (isolation, message) => {
  expect(() => locatePaths(isolation, true)).toThrow(message)
})

test('on a daemon, words and absolute paths are left as they are', () => {
  const isolation: Isolation = { root: 'overlay', mounts: [{ type: 'bind', source: '/a' }], seccomp: 'none' }
  expect(locatePaths(isolation, true)).toEqual(isolation)
})
