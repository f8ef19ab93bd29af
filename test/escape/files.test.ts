import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject } from 'vitest'

import { startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { type Attempt, asRoot, asUser, attack, type Control, inStrict, isRoot, test } from './attempt.ts'
import { run } from './verdict.ts'

const inNone: Control = { in: 'none' }

describe("the kernel's settings", () => {
  const settings = [
    '/proc/sys/kernel/core_pattern',
    '/proc/sys/kernel/modprobe',
    '/proc/sys/kernel/printk',
    '/proc/sys/vm/overcommit_memory',
    '/proc/sys/fs/binfmt_misc/register',
    '/proc/sys/net/ipv4/ip_forward',
    '/proc/sysrq-trigger',
    '/proc/irq/default_smp_affinity',
    '/sys/kernel/uevent_helper',
    '/sys/kernel/profiling',
    '/sys/kernel/mm/transparent_hugepage/enabled',
    '/sys/power/state',
    '/sys/block/vda/queue/scheduler',
  ]
  // Another way to the same file is another mount, or none.
  const detours = ['/proc/self/root', '/proc/thread-self/root', '/proc/self/cwd'].map(
    (way) => `${way}/proc/sys/kernel/core_pattern`,
  )
  attack(
    [...settings.filter((path) => existsSync(path)), ...detours].map((path) => ({
      what: `writing ${path}`,
      command: ['open-write', path],
      control: inNone,
    })),
  )
})

describe("the kernel's secrets", () => {
  const files = ['/proc/kcore', '/proc/timer_list', '/proc/sched_debug', '/dev/kmsg', '/dev/mem']
  const folders = ['/proc/acpi', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap', '/sys/kernel/debug']
  attack([
    ...files
      .filter((path) => existsSync(path))
      .map((path): Attempt => ({ what: `reading ${path}`, command: ['open-read', path], control: inNone })),
    ...folders
      .filter(isFilled)
      .map((path): Attempt => ({ what: `listing ${path}`, command: ['list', path], control: inNone })),
  ])
})

function isFilled(path: string): boolean {
  try {
    return readdirSync(path).length > 0
  } catch {
    return false
  }
}

interface Disk {
  path: string
  major: string
  minor: string
}

/** A block device of the host's that root may open here: what is not one of a container's or of a policy's. */
const disk = existsSync('/sys/block') ? readdirSync('/sys/block').map(describeDisk).find(isWithinReach) : undefined

function describeDisk(name: string): Disk {
  const [major = '', minor = ''] = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim().split(':')
  return { path: `/dev/${name}`, major, minor }
}

function isWithinReach({ path }: Disk): boolean {
  try {
    closeSync(openSync(path, 'r'))
    return true
  } catch {
    return false
  }
}

describe('devices', () => {
  attack([
    { what: 'finding one that is not harmless', command: ['devices'], control: inNone },
    ...['/dev/loop-control', '/dev/fuse', '/dev/kvm'].filter(existsSync).map((path): Attempt => ({
      what: `opening ${path}`,
      command: ['open-write', path],
      control: inNone,
    })),
  ])
  if (disk === undefined) return
  const { major, minor, path } = disk
  const make = (folder: string): Attempt['command'] => ['make-device', folder, major, minor]
  // Where the job may make nodes, and these are devices.
  const withDevices = (folder: string): Control => ({
    in: 'standard',
    without: { capabilities: ['CAP_MKNOD'], mounts: [{ type: 'tmpfs', target: folder, nodev: false }] },
  })
  attack([
    { what: 'opening a disk', command: ['open-write', path], control: inNone },
    ...['/dev', '/var/tmp'].map((folder): Attempt => ({
      what: `making a disk in ${folder}`,
      command: make(folder),
      control: inNone,
    })),
    ...['/tmp', '/run', '/dev/shm'].flatMap((folder): Attempt[] => [
      { what: `making a disk in ${folder}`, command: make(folder), control: withDevices(folder) },
      // The capability alone does not do: what is private to the job knows no devices.
      {
        what: `making a disk in ${folder} with CAP_MKNOD`,
        command: make(folder),
        control: withDevices(folder),
        isolation: { capabilities: ['CAP_MKNOD'] },
      },
    ]),
  ])
})

describe.runIf(isRoot)('privileges from files', () => {
  const folder = mkdtempSync(join(inject('runFolder'), 'escape-'))
  const setUserId = join(folder, 'set-user-id')
  const capable = join(folder, 'capable')
  beforeAll(async () => {
    await chmod(folder, 0o755)
    await copyFile(program('privileged'), setUserId)
    await chmod(setUserId, 0o4755)
    await copyFile(program('privileged'), capable)
    execFileSync(program('give-capability'), [capable])
  })
  afterAll(async () => rm(folder, { recursive: true }))

  const control: Control = { in: 'none', user: 'nobody' }
  // Where set-user-ID bits count: what refuses is no_new_privs.
  const isolation: Attempt['isolation'] = { mounts: [{ type: 'bind-ro', source: folder, nosuid: false }] }
  attack([
    { what: 'a set-user-ID program', command: [setUserId], control, isolation, by: asUser },
    { what: 'a program with file capabilities', command: [capable], control, isolation, by: asUser },
  ])
})

describe('past the mounts', () => {
  attack([{ what: 'opening a file by its handle', command: ['open-by-handle', '/dev/shm'], control: inNone }])
})

describe('what can be written', () => {
  attack(
    ['/tmp', '/run', '/dev/shm'].map((folder) => ({
      what: `executing a program written to ${folder}`,
      command: ['run-copy', folder],
      control: { in: 'standard', without: {} },
      by: inStrict,
    })),
  )
  attack(
    ['/', '/etc', '/usr', '/var', '/var/tmp', '/root', '/home'].map((folder) => ({
      what: `making a file in ${folder}`,
      command: ['make-file', folder],
      control: inNone,
      by: inStrict,
    })),
  )
  // Not for want of permission: as root.
  attack(
    ['/', '/etc', '/var/tmp'].map((folder) => ({
      what: `making a file in ${folder}, where the root is read-only`,
      command: ['make-file', folder],
      control: inNone,
      isolation: { root: 'read-only' },
      by: asRoot,
      refusal: /EROFS/,
    })),
  )
})

describe('files of the host', () => {
  const folder = mkdtempSync(join(inject('runFolder'), 'escape-'))
  const files = ['/tmp', '/run', '/dev/shm'].map((where) => join(where, basename(folder)))
  beforeAll(async () => {
    await chmod(folder, 0o755)
    if (isRoot) for (const file of files) await writeFile(file, 'secret')
  })
  afterAll(async () => {
    for (const file of [...files, folder]) await rm(file, { recursive: true, force: true })
  })
  attack(
    files.map((file) => ({
      what: `reading ${dirname(file)}`,
      command: ['open-read', file],
      control: inNone,
      refusal: /ENOENT/,
    })),
  )

  test('that are the storage root are hidden', async ({ arena }) => {
    const root = arena.runner.storageRoot
    for (const [path, word] of [
      [root, 'list'],
      [join(root, 'jobs'), 'list'],
      [join(root, 'launcher.log'), 'open-read'],
      [join(root, 'launcher.sock'), 'connect-unix'],
    ] as const) {
      for (const profile of ['standard', 'strict'] as const)
        expect(await run(arena.runner, [word, path], { isolation: { profile } })).toMatch(/^refused: /)
      if (isRoot)
        expect(await run(arena.runner, [word, path], { isolation: { profile: 'none' } })).toMatch(
          /^escaped: |^refused: nothing there/,
        )
    }
  })

  test('that another job has written to /tmp, /run or /dev/shm are not seen', async ({ arena }) => {
    const { runner } = arena
    for (const profile of ['standard', 'strict'] as const) {
      const paths = ['/tmp/of-another', '/dev/shm/of-another']
      const name = await startReady(runner, {
        command: sh('for file; do echo secret >"$file" || exit; done; echo ready; exec sleep 1000', ...paths),
        isolation: { profile },
      })
      for (const path of paths)
        expect(await run(arena.runner, ['open-read', path], { isolation: { profile } })).toBe('refused: ENOENT')
      await runner.stop(name)
    }
  })
})
