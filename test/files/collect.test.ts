import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { CgroupRunner, Collected, JobConfig, JobStatus } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { eventually } from '../support/eventually.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** How a job that something was collected from ended, and where the copies are. */
interface Collection {
  status: JobStatus
  output: string
  collected: Collected
  /** The copy of a path of the job's. */
  copy: (path: string) => string
  /** Everything below the folder of the copies, by its path in the job. */
  copies: string[]
}

async function collect(runner: CgroupRunner, config: JobConfig): Promise<Collection> {
  const { name, status, output } = await runJob(runner, config)
  const { collectedPath } = await runner.inspect(name)
  const copies = existsSync(collectedPath!)
    ? readdirSync(collectedPath!, { recursive: true, encoding: 'utf8' }).map((path) => `/${path}`)
    : []
  return {
    status,
    output,
    collected: status.collected[0]!,
    copy: (path) => join(collectedPath!, path),
    copies: copies.toSorted(),
  }
}

describe('collect', () => {
  test('copies files and folders out of a job that has ended', async ({ runner }) => {
    const { status, copy, copies } = await collect(runner, {
      command: sh('mkdir -p out/deep; echo one >out/1; echo two >out/deep/2; echo log >/run/log; chmod 4755 out/1'),
      workdir: 'private',
      collect: ['out', '/run/log'],
    })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    expect(status.collected).toEqual([
      { path: '/tmp/work/out', files: 2, bytes: 8, omitted: null },
      { path: '/run/log', files: 1, bytes: 4, omitted: null },
    ])
    expect(copies).toEqual([
      ...['/run', '/run/log', '/tmp', '/tmp/work', '/tmp/work/out', '/tmp/work/out/1', '/tmp/work/out/deep'],
      '/tmp/work/out/deep/2',
    ])
    expect(await readFile(copy('/tmp/work/out/deep/2'), 'utf8')).toBe('two\n')
    const modes = ['/tmp/work/out', '/tmp/work/out/1', '/run/log'].map((path) => statSync(copy(path)).mode & 0o7777)
    expect(modes).toEqual([0o700, 0o700, 0o600])
  })

  test('is done with all that the job has left, however it ended', async ({ runner }) => {
    const config = { workdir: 'private', collect: ['part'] } as const
    const timedOut = await collect(runner, { command: sh('echo a >part; exec sleep 1000'), timeoutMs: 500, ...config })
    expect(timedOut.status).toMatchObject({ state: 'timed-out', collected: [{ files: 1 }] })
    const killed = await startReady(runner, { command: sh('echo a >part; echo ready; exec sleep 1000'), ...config })
    await runner.kill(killed, 'SIGKILL')
    expect(await runner.wait(killed)).toMatchObject({ state: 'signaled', collected: [{ files: 1, omitted: null }] })
    const failed = await collect(runner, { command: sh('echo a >part; exit 3'), ...config })
    expect(failed.status).toMatchObject({ exitStatus: 3, collected: [{ files: 1 }] })
  })

  test('has nothing of a job that is still writing', async ({ runner }) => {
    const script = 'while :; do echo more; done >>log & until [ -s log ]; do :; done'
    const { copy } = await collect(runner, { command: sh(script), workdir: 'private', collect: ['log'] })
    const { size } = statSync(copy('/tmp/work/log'))
    expect(size).toBeGreaterThan(0)
    expect(readFileSync(copy('/tmp/work/log')).length).toBe(size)
  })

  test('tells of a path that is not there', async ({ runner }) => {
    const { status, collected, copies } = await collect(runner, { command: ['true'], collect: ['/run/none/x'] })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    expect(collected).toEqual({
      path: '/run/none/x',
      files: 0,
      bytes: 0,
      omitted: { count: 1, path: '/run/none/x', errno: 'ENOENT', reason: 'no such file or directory' },
    })
    expect(copies).toEqual([])
  })

  test('goes with the job', async ({ runner }) => {
    const { name } = await runJob(runner, { command: sh('echo x >/run/x'), collect: ['/run/x'] })
    const { collectedPath } = await runner.inspect(name)
    expect(existsSync(join(collectedPath!, 'run/x'))).toBe(true)
    await runner.stop(name)
    expect(existsSync(join(collectedPath!, '..'))).toBe(false)
  })

  test('is passed over when the job is removed with its end, and not when its output is kept', async ({ runner }) => {
    const config = { command: sh('echo x >/run/x; echo ready; exec sleep 1000'), collect: ['/run/x'] }
    expect((await runner.stop(await startReady(runner, config))).collected).toEqual([])
    const name = await startReady(runner, config)
    expect((await runner.stop(name, { keepOutput: true })).collected).toMatchObject([{ files: 1 }])
    expect((await runner.status(name)).collected).toMatchObject([{ files: 1 }])
  })

  test('of 10,000 small files copies them all', async ({ runner }) => {
    const { collected, copies } = await collect(runner, {
      command: sh('mkdir out; cd out; seq 10000 | split -l 1 -a 4 -d - f; ls | wc -l'),
      workdir: { size: '64M' },
      collect: ['out'],
    })
    expect(collected).toEqual({ path: '/tmp/work/out', files: 10_000, bytes: 48_894, omitted: null })
    expect(copies).toHaveLength(10_003)
  })

  test('leaves the holes of sparse files out, and counts them', async ({ runner }) => {
    const command = sh(
      'truncate -s 300M a; printf x | dd of=a bs=1 seek=200M conv=notrunc 2>/dev/null; truncate -s 2T b',
    )
    const { collected, copy } = await collect(runner, { command, workdir: 'private', collect: ['.'] })
    expect(collected).toMatchObject({
      files: 1,
      bytes: 300 * 1024 ** 2,
      omitted: { count: 1, path: '/tmp/work/b', errno: 'EFBIG' },
    })
    const stats = statSync(copy('/tmp/work/a'))
    expect(stats.size).toBe(300 * 1024 ** 2)
    expect(stats.blocks * 512).toBeLessThan(1024 ** 2)
    const found = execFileSync('grep', ['-obUa', 'x', copy('/tmp/work/a')], { encoding: 'utf8' })
    expect(found).toBe(`${200 * 1024 ** 2}:x\n`)
  })

  test('ends at maxBytes', async ({ runner }) => {
    const { status } = await collect(runner, {
      command: sh('head -c 600 /dev/zero >a; head -c 600 /dev/zero >b; head -c 400 /dev/zero >c'),
      workdir: 'private',
      collect: { paths: ['a', 'b', 'c'], maxBytes: 1000 },
    })
    expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [1, undefined],
      [0, 'EFBIG'],
      [1, undefined],
    ])
  })

  test('copies a file under each of its names', async ({ runner }) => {
    const { collected, copy } = await collect(runner, {
      command: sh('mkdir out; echo x >out/a; ln out/a out/b'),
      workdir: 'private',
      collect: ['out'],
    })
    expect(collected).toMatchObject({ files: 2, bytes: 4, omitted: null })
    expect(statSync(copy('/tmp/work/out/a')).nlink).toBe(1)
  })

  test('copies names that are no text', async ({ runner }) => {
    const { collected } = await collect(runner, {
      command: sh(String.raw`mkdir out; echo x >"out/$(printf '\377\n=')"`),
      workdir: 'private',
      collect: ['out'],
    })
    expect(collected).toMatchObject({ files: 1, omitted: null })
  })

  test('finds what is in the root that the job began with, whatever it mounts and wherever it goes', async ({
    runner,
    folder,
  }) => {
    const root = join(folder, 'jail')
    await mkdir(root)
    await writeFile(join(root, 'result'), 'false\n')
    const { copy } = await collect(runner, {
      command: sh('echo true >/run/result; mount --bind "$1" / && cd / && exec chroot . /bin/true; exit 0', root),
      isolation: { capabilities: ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT'], seccomp: 'none' },
      collect: ['/run/result'],
    })
    expect(await readFile(copy('/run/result'), 'utf8')).toBe('true\n')
  })
})

describe('what is not collected', () => {
  test('links, devices, FIFOs and sockets, which are never opened', async ({ runner }) => {
    const script = `mkdir out; cd out; echo x >file; ln -s /etc/shadow shadow; ln -s / root; mkfifo fifo
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null || mkfifo socket`
    const { collected, copies } = await collect(runner, {
      command: sh(script),
      workdir: 'private',
      collect: ['out'],
    })
    expect(collected).toMatchObject({ files: 1, bytes: 2, omitted: { count: 4 } })
    expect(copies).toEqual(['/tmp', '/tmp/work', '/tmp/work/out', '/tmp/work/out/file'])
  })

  test('a link that is named, or leads to what is named', async ({ runner }) => {
    const { status, copies } = await collect(runner, {
      command: sh('ln -s /etc/shadow shadow; ln -s /etc etc; ln -s "$1" storage', runner.storageRoot),
      workdir: 'private',
      collect: ['shadow', 'etc/shadow', 'storage'],
    })
    expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [0, 'ELOOP'],
      [0, 'ELOOP'],
      [0, 'ELOOP'],
    ])
    expect(copies.filter((path) => !path.endsWith('/tmp') && !path.endsWith('/work'))).toEqual([])
  })

  test('what the kernel makes up', async ({ runner }) => {
    const { status } = await collect(runner, {
      command: ['true'],
      collect: ['/proc/1/environ', '/proc/self/environ', '/sys/kernel/uevent_seqnum', '/dev/null'],
    })
    expect(status.collected.map(({ omitted }) => omitted?.errno)).toEqual(['ENOTSUP', 'ELOOP', 'ENOTSUP', 'ENOTSUP'])
  })

  test('what the job could not have read', async ({ runner, folder }) => {
    const secret = join(folder, 'secret')
    await writeFile(secret, 'secret\n', { mode: 0o600 })
    const closed = join(folder, 'closed')
    await mkdir(closed, { mode: 0o700 })
    await writeFile(join(closed, 'open'), 'secret\n', { mode: 0o644 })
    const paths = [secret, join(closed, 'open')]
    const other = await collect(runner, { command: ['true'], user: 'nobody', collect: paths })
    expect(other.status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [0, 'EACCES'],
      [0, 'EACCES'],
    ])
    // The same as root: it is not there that it fails.
    const root = await collect(runner, { command: ['true'], collect: paths })
    expect(root.status.collected.map(({ files }) => files)).toEqual([1, 1])
  })

  test('what a job in a user namespace of its own could not have read, be it root in there', async ({
    runner,
    folder,
  }) => {
    const secret = join(folder, 'secret')
    await writeFile(secret, 'secret\n', { mode: 0o600 })
    const { status } = await collect(runner, {
      command: sh('id -u; echo x >out; chmod 0 out'),
      user: 0,
      workdir: 'private',
      isolation: { uidMap: [{ inside: 0, outside: 300_000, size: 1000 }] },
      collect: [secret, 'out'],
    })
    expect(status).toMatchObject({ exitStatus: 0 })
    // A file that its owner may not read is no more to be had: the rights over the namespace's ids are not ours.
    expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [0, 'EACCES'],
      [0, 'EACCES'],
    ])
    const open = await collect(runner, {
      command: sh('echo x >out'),
      user: 0,
      workdir: 'private',
      isolation: { uidMap: [{ inside: 0, outside: 300_000, size: 1000 }] },
      collect: ['out'],
    })
    expect(open.collected).toMatchObject({ files: 1, omitted: null })
  })

  test('another file system below a folder', async ({ runner, folder }) => {
    const shared = join(folder, 'shared')
    await mkdir(shared)
    await writeFile(join(shared, 'secret'), 'secret\n')
    const { collected } = await collect(runner, {
      command: sh('mkdir -p /run/out/in; echo x >/run/out/x; mount --bind "$1" /run/out/in', shared),
      isolation: { capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none' },
      collect: ['/run/out'],
    })
    expect(collected).toMatchObject({ files: 1, omitted: { count: 1, path: '/run/out/in', errno: 'EXDEV' } })
  })

  test('the storage root, through a folder that holds it', async ({ runner, folder }) => {
    await writeFile(join(folder, 'beside'), 'x')
    const { copies } = await collect(runner, { command: ['true'], collect: { paths: [folder], maxBytes: 1024 ** 2 } })
    expect(copies.filter((path) => path.startsWith(folder) && path !== folder)).toEqual([join(folder, 'beside')])
  })

  test('what another job swaps for a link while it is collected', { timeout: 60_000 }, async ({ runner, folder }) => {
    const shared = join(folder, 'shared')
    await mkdir(join(shared, 'out/in'), { recursive: true })
    await writeFile(join(shared, 'out/in/passwd'), 'of the job\n')
    await symlink('/etc', join(shared, 'link'))
    const swapped = join(shared, 'out/in')
    const swapper = await startReady(runner, { command: [program('swap'), swapped, join(shared, 'link')] })
    // Who looks up the path without care gets the other file, sooner or later.
    await eventually(() => expect(readFileSync(join(swapped, 'passwd'), 'utf8')).not.toBe('of the job\n'))
    const seen = new Set<string>()
    for (let round = 0; round < 200 && !(round >= 30 && seen.size === 2); round++) {
      const { copy, collected } = await collect(runner, { command: ['true'], collect: [join(shared, 'out')] })
      const got = copy(join(swapped, 'passwd'))
      if (existsSync(got)) expect(readFileSync(got, 'utf8')).toBe('of the job\n')
      // Where it is moved just as the kernel looks whether it is still below the folder, it is refused as being outside.
      if (collected.omitted?.errno !== 'EXDEV') seen.add(collected.omitted?.errno ?? 'copied')
    }
    expect([...seen].toSorted()).toEqual(['ELOOP', 'copied'])
    await runner.stop(swapper)
  })
})
