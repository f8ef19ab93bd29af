import { Command } from 'commander'
import { expect, test } from 'vitest'

import { addIsolation, givenIsolation } from './isolation.ts'

/** What the library is given for these options. */
function isolationFor(...argv: string[]): ReturnType<typeof givenIsolation> {
  const command = addIsolation(new Command('run').exitOverride().configureOutput({ writeErr: () => {} }))
  return givenIsolation(command.parse(argv, { from: 'user' }).opts())
}

test("without options it is the library's default", () => expect(isolationFor()).toBeUndefined())

test('each fence has its option', () => {
  const argv = [
    ...['--isolation', 'strict', '--root', 'overlay', '--keep-changes', '--hostname', 'box', '--seccomp', 'none'],
    ...[
      '--capability',
      'net_raw',
      '--capability',
      'CAP_CHOWN',
      '--rlimit',
      'nofile=10:20',
      '--rlimit',
      'core=unlimited',
    ],
    ...['--device', '/dev/kvm', '--read-only-path', '/etc', '--masked-path', '/srv', '--masked-path', '/opt'],
    ...['--uid-map', '0:1000:1', '--uid-map', '1:100000:65536', '--gid-map', '0:1000:1'],
    ...['--new-privileges', 'yes', '--exec-writable', 'yes', '--landlock', 'no'],
  ]
  expect(isolationFor(...argv)).toEqual({
    profile: 'strict',
    root: 'overlay',
    keepChanges: true,
    hostname: 'box',
    seccomp: 'none',
    capabilities: ['CAP_NET_RAW', 'CAP_CHOWN'],
    rlimits: { nofile: { soft: 10, hard: 20 }, core: { soft: 'unlimited', hard: 'unlimited' } },
    devices: ['/dev/kvm'],
    readOnlyPaths: ['/etc'],
    maskedPaths: ['/srv', '/opt'],
    uidMap: [
      { inside: 0, outside: 1000, size: 1 },
      { inside: 1, outside: 100000, size: 65536 },
    ],
    gidMap: [{ inside: 0, outside: 1000, size: 1 }],
    noNewPrivileges: false,
    execWritable: true,
    landlock: false,
  })
})

test('mounts keep their order, whichever option they come from', () => {
  expect(isolationFor('--tmpfs', '/a', '-v', '/b:/a/b:ro', '--mount', 'type=overlay,src=/c', '--tmpfs', '/d')).toEqual({
    mounts: [
      { type: 'tmpfs', target: '/a' },
      { type: 'bind-ro', source: '/b', target: '/a/b' },
      { type: 'overlay', source: '/c' },
      { type: 'tmpfs', target: '/d' },
    ],
  })
})

test.each([
  ['read-only', 'read-only'],
  ['./r', { directory: './r' }],
  ['/r:ro', { directory: '/r', access: 'read-only' }],
  ['/r:overlay', { directory: '/r', access: 'overlay' }],
])('--root %s', (text, root) => expect(isolationFor('--root', text)).toEqual({ root }))

test('no capability, and a seccomp profile', () => {
  expect(isolationFor('--capability', 'none', '--seccomp', 'mine.json')).toEqual({
    capabilities: [],
    seccomp: 'mine.json',
  })
})

test.each([
  ['--isolation', 'stricter', /standard, strict, none/],
  ['--root', 'readonly', /a folder with a slash/],
  ['--rlimit', 'nofile', /NAME=SOFT/],
  ['--uid-map', '0:1000', /INSIDE:OUTSIDE:SIZE/],
  ['--landlock', 'maybe', /yes or no/],
  ['--mount', 'a=b', /no 'a'/],
])('%s %s is refused', (option, value, message) => expect(() => isolationFor(option, value)).toThrow(message))
