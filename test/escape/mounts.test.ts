import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { attack, type Control, isRoot, test } from './attempt.ts'

/** The fence that refuses is that of the capabilities, and of the filter before them. */
const sysAdmin: Control = { in: 'standard', without: { capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none' } }

describe('mounts that hide', () => {
  attack([
    { what: 'taking one away from /proc', command: ['unmount', '/proc/sys'], control: sysAdmin },
    { what: 'taking /proc away', command: ['unmount', '/proc'], control: sysAdmin },
    { what: 'taking /dev away', command: ['unmount', '/dev'], control: sysAdmin },
    { what: 'taking /tmp away', command: ['unmount', '/tmp'], control: sysAdmin },
    { what: 'moving /tmp elsewhere', command: ['mount-move', '/tmp', '/run'], control: sysAdmin },
    { what: 'copying the tree of /proc', command: ['mount-bind', '/proc'], control: sysAdmin },
    { what: 'binding one folder over another', command: ['mount-bind', '/usr', '/tmp'], control: sysAdmin },
  ])
})

describe('mounts that are read-only', () => {
  attack(
    ['/proc/sys', '/sys'].flatMap((path) => [
      { what: `remounting ${path}`, command: ['remount', path] as const, control: sysAdmin },
      { what: `setting attributes of ${path}`, command: ['remount', path, 'setattr'] as const, control: sysAdmin },
    ]),
  )
})

describe('file systems made afresh', () => {
  attack(
    ['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue'].flatMap((type) => [
      { what: `mounting ${type}`, command: ['mount-fs', type, '/tmp'] as const, control: sysAdmin },
      { what: `making ${type} by fsopen`, command: ['mount-new', type] as const, control: sysAdmin },
    ]),
  )
})

describe('propagation', () => {
  attack([
    {
      what: 'finding a mount that is shared with the host',
      command: ['shared-mounts'],
      control: { in: 'host', by: ['unshare', '--mount', '--propagation', 'shared'] },
    },
  ])

  test.runIf(isRoot)('keeps what a job that may mount does from the host', async ({ arena }) => {
    const { runner, folder } = arena
    const target = join(folder, 'target')
    mkdirSync(target)
    const before = readFileSync('/proc/self/mountinfo', 'utf8')
    const name = await startReady(runner, {
      command: sh('mount -t tmpfs none "$1" && echo ready; exec sleep 1000', target),
      isolation: { capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none', mounts: [{ type: 'bind', source: target }] },
    })
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
    await runner.stop(name)
  })
})
