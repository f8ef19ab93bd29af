import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner, type CorralError } from '@corral/runner'
import { expect } from 'vitest'

import { LauncherProcess } from '../launcher/launcher-process.ts'
import { eventually, slowness } from '../support/eventually.ts'
import { readText, untilOutput } from '../support/jobs.ts'
import { test } from '../support/test.ts'
import { failure } from './failure.ts'
import { expectNoRemains } from './host.ts'
import { Program } from './program.ts'
import { requireRoot, SmallDisk, unmount } from './small-disk.ts'

test('a full disk: the start is refused with STORAGE_FULL, at whatever step, and nothing is left', async ({
  folder,
  skip,
}) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  await using runner = await CgroupRunner.open({ storageRoot: disk.root })
  await runner.stop(await runner.start({ command: ['true'] }))
  const steps = new Set<string | undefined>()
  // The tale of a bounded output has its place from the beginning too.
  const outputMax = '64K'
  let started = 0
  for (let freePages = 0; started === 0; freePages++) {
    await disk.fill(freePages)
    const name = `job:${freePages}`
    try {
      await runner.start({ name, command: ['/bin/sh', '-c', 'exit 4'], outputMax })
      started++
      expect((await runner.wait(name)).exitStatus).toBe(4)
      expect((await runner.stop(name)).exitStatus).toBe(4)
    } catch (error) {
      expect(error).toMatchObject({ name: 'CorralError', code: 'STORAGE_FULL', errno: 'ENOSPC' })
      steps.add((error as CorralError).syscall)
    }
    await expectNoRemains(disk.root)
  }
  expect([...steps].toSorted()).toEqual(['identity', 'output-gap', 'reserve', 'spec'])
  await disk.empty()
})

test('a job that fills the disk has its true outcome recorded, and can be removed', async ({ folder, skip }) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  {
    await using runner = await CgroupRunner.open({ storageRoot: disk.root, onExit: 'keep' })
    const script = 'cat /dev/zero; exit 7'
    await runner.start({ name: 'filler', command: ['/bin/sh', '-c', script] })
    expect(await runner.wait('filler')).toMatchObject({ state: 'exited', exitStatus: 7 })
    // There is room for no other now.
    expect(await failure(runner.start({ name: 'next', command: ['true'] }))).toMatchObject({ code: 'STORAGE_FULL' })
    await expectNoRemains(disk.root, async () => ['filler'])
  }
  await using runner = await CgroupRunner.open({ storageRoot: disk.root, onExit: 'keep' })
  expect(await runner.status('filler')).toMatchObject({ state: 'exited', exitStatus: 7 })
  expect(await runner.stop('filler')).toMatchObject({ exitStatus: 7 })
  await runner.start({ name: 'next', command: ['true'] })
  await runner.stop('next')
})

test('a job that fills the disk, and whose output is bounded, goes on once that has been given back', async ({
  folder,
  skip,
}) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  await using runner = await CgroupRunner.open({ storageRoot: disk.root })
  const script = 'head -c 100M /dev/zero; until echo done; do sleep 0.01; done; exec sleep 1000'
  const name = await runner.start({ command: ['/bin/sh', '-c', script], outputMax: '64K' })
  await untilOutput(runner, name, 'done\n')
  // There is room for another one again.
  await eventually(async () => runner.stop(await runner.start({ command: ['true'] })))
  const { outputBytes, outputDroppedBytes } = await runner.stop(name)
  expect(outputBytes! - outputDroppedBytes!).toBe(64 * 1024)
})

test('an output that is longer than any number says is cut off, and readers get through it', async ({
  folder,
  skip,
}) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  await using runner = await CgroupRunner.open({ storageRoot: disk.root })
  const script = 'echo first; truncate -s 7E /proc/self/fd/1; exec sleep 1000'
  const name = await runner.start({ command: ['/bin/sh', '-c', script], outputMax: '64K' })
  await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(2 ** 52))
  await runner.kill(name, 'SIGKILL')
  expect(await runner.wait(name)).toMatchObject({ outputDroppedBytes: 2 ** 52 - 64 * 1024 })
  expect(await readText(runner, name)).toMatch(/^first\n\0*\n\[corral: \d+ bytes .*\]\n\0*$/)
  await runner.stop(name)
})

test('a file system that makes no holes in files has no bounded output, and all others', async ({ folder, skip }) => {
  requireRoot(skip)
  const root = join(folder, 'disk')
  await mkdir(root)
  execFileSync('mount', ['-t', 'ramfs', '-o', 'mode=0700', 'corral-test', root])
  try {
    await using launcher = await LauncherProcess.start(root, 300 * slowness)
    {
      await using runner = await CgroupRunner.open({ storageRoot: root })
      expect(await failure(runner.start({ command: ['true'], outputMax: '64K' }))).toMatchObject({
        code: 'LIMIT_REFUSED',
        syscall: 'output-max',
        message: expect.stringMatching(/^could not bound the output \(outputMax\) in .*makes holes in files/),
      })
      await expectNoRemains(root)
      await runner.stop(await runner.start({ command: ['true'] }))
    }
    expect(await launcher.end).toBe(0)
  } finally {
    await unmount(root)
  }
})

test('a job whose terminal writes to a full disk goes on, and ends', async ({ folder, skip }) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  await using runner = await CgroupRunner.open({ storageRoot: disk.root })
  const name = await runner.start({ command: ['seq', '1000000'], tty: true })
  expect(await runner.wait(name)).toMatchObject({ state: 'exited', exitStatus: 0 })
  await runner.stop(name)
})

test('a job whose disk is full can be stopped', async ({ folder, skip }) => {
  requireRoot(skip)
  await using disk = await SmallDisk.mount(folder)
  await using runner = await CgroupRunner.open({ storageRoot: disk.root })
  await runner.start({ name: 'stopped', command: ['/bin/sh', '-c', 'sleep 1000'] })
  await disk.fill(0)
  // That somebody asked for it may not have found room.
  expect(['stopped', 'signaled']).toContain((await runner.stop('stopped')).state)
  await expectNoRemains(disk.root)
})

test('a storage root on a read-only disk is refused, opened or not', async ({ folder, skip }) => {
  requireRoot(skip)
  const root = join(folder, 'disk')
  await mkdir(root)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'corral-test', root])
  try {
    execFileSync('mount', ['-o', 'remount,ro', root])
    expect(await failure(CgroupRunner.open({ storageRoot: root }))).toMatchObject({
      code: 'STORAGE_UNUSABLE',
      errno: 'EROFS',
    })
    execFileSync('mount', ['-o', 'remount,rw', root])
    await using runner = await CgroupRunner.open({ storageRoot: root })
    execFileSync('mount', ['-o', 'remount,ro', root])
    expect(await failure(runner.start({ command: ['true'] }))).toMatchObject({
      code: 'STORAGE_UNUSABLE',
      errno: 'EROFS',
    })
    expect(await readdir(join(root, 'jobs'))).toEqual([])
  } finally {
    await unmount(root)
  }
})

test('a storage root that another user owns is refused', async ({ folder, skip }) => {
  requireRoot(skip)
  const root = join(folder, 'foreign')
  await mkdir(root, { mode: 0o700 })
  await chown(root, 4242, 4242)
  const error = await failure(CgroupRunner.open({ storageRoot: root }))
  expect(error).toMatchObject({ name: 'CorralError', code: 'STORAGE_UNUSABLE' })
  expect(error.message).toContain(`${root} belongs to user 4242`)
})

test('a storage root that others may write is refused', async ({ folder }) => {
  for (const mode of [0o777, 0o770, 0o702]) {
    const root = join(folder, `mode-${mode.toString(8)}`)
    await mkdir(root)
    await chmod(root, mode)
    const error = await failure(CgroupRunner.open({ storageRoot: root }))
    expect(error).toMatchObject({ name: 'CorralError', code: 'STORAGE_UNUSABLE', path: root })
    expect(error.message).toContain('chmod 700')
  }
})

test('a storage root that may not be made or entered is refused: another user, a file in its place', async ({
  folder,
  skip,
}) => {
  await writeFile(join(folder, 'file'), '')
  for (const path of ['file', 'file/below']) {
    expect(await failure(CgroupRunner.open({ storageRoot: join(folder, path) }))).toMatchObject({
      code: 'STORAGE_UNUSABLE',
    })
  }
  requireRoot(skip)
  const root = join(folder, 'root')
  await mkdir(root, { mode: 0o700 })
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  for (const path of [root, join(folder, 'not-there')]) {
    await using opener = Program.run('starter.ts', ['--root', path], nobody)
    await opener.until('ready')
    opener.tell('go')
    expect(await opener.end).toMatch(/CorralError: could not make the storage root .*EACCES/)
  }
})
