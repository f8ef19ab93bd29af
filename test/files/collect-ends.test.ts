import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CgroupRunner } from '@corral/runner'
import { describe, expect } from 'vitest'

import { LauncherProcess } from '../launcher/launcher-process.ts'
import { eventually, slowness } from '../support/eventually.ts'
import { program, sh } from '../support/programs.ts'
import { skipTest } from '../support/skip.ts'
import { test } from '../support/test.ts'

/** A program that holds up whoever opens a file. */
class Holder implements AsyncDisposable {
  readonly #child: ChildProcess
  #said = ''

  private constructor(file: string) {
    this.#child = spawn(program('hold-open'), [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
  }

  static async start(file: string, skip: (note: string) => never): Promise<Holder> {
    const holder = new Holder(file)
    await holder.until(/watching|refused/)
    if (holder.#said.includes('refused')) {
      skipTest(skip, {
        what: 'collecting from a file system that hangs',
        why: `the kernel refuses to have opens held up: ${holder.#said.trim()}`,
        unskip: 'run the tests as root, on a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS',
      })
    }
    return holder
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#said)) await new Promise((resolve) => this.#child.stdout!.once('data', resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Two files, of which the first is collected at once and the second holds the collection up. */
async function makeFiles(folder: string): Promise<{ paths: string[]; held: string }> {
  const files = join(folder, 'files')
  await mkdir(files)
  const paths = ['first', 'second', 'third'].map((name) => join(files, name))
  for (const path of paths) await writeFile(path, 'x')
  return { paths, held: paths[1]! }
}

function initOf(storageRoot: string, name: string): number {
  return Number(/^pid=(\d+)/.exec(readFileSync(join(storageRoot, 'jobs', name, 'init'), 'latin1'))![1])
}

describe('a collection that hangs', () => {
  test('holds up the end of the job until its time is over', async ({ runner, folder, skip }) => {
    const { paths, held } = await makeFiles(folder)
    await using holder = await Holder.start(held, skip)
    const name = await runner.start({ command: ['true'], collect: { paths, timeoutMs: 700 * slowness } })
    await holder.until(/held/)
    expect(await runner.status(name)).toMatchObject({ state: 'active', collected: [] })
    const status = await runner.wait(name)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
      [1, undefined],
      [0, 'ETIMEDOUT'],
      [0, 'ETIMEDOUT'],
    ])
  })

  test('is given up when the job is killed', async ({ runner, folder, skip }) => {
    const { paths, held } = await makeFiles(folder)
    await using holder = await Holder.start(held, skip)
    const name = await runner.start({ command: sh('exit 4'), collect: paths })
    await holder.until(/held/)
    await runner.kill(name, 'SIGTERM')
    await runner.kill(name, 'SIGKILL')
    const status = await runner.wait(name)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 4 })
    expect(status.collected.map(({ omitted }) => omitted?.errno)).toEqual([undefined, 'ECANCELED', 'ECANCELED'])
  })

  test('is given up when the job is stopped, and leaves nothing', async ({ runner, folder, skip }) => {
    const { paths, held } = await makeFiles(folder)
    await using holder = await Holder.start(held, skip)
    const name = await runner.start({ command: ['true'], collect: paths })
    await holder.until(/held/)
    expect(await runner.stop(name)).toMatchObject({ state: 'exited' })
    expect(existsSync(join(runner.storageRoot, 'jobs', name))).toBe(false)
  })

  test('is given up when the runner goes', async ({ openRunner, folder, skip }) => {
    const { paths, held } = await makeFiles(folder)
    await using holder = await Holder.start(held, skip)
    const [watcher, runner] = [await openRunner(), await openRunner()]
    const name = await runner.start({ command: ['true'], collect: paths })
    await holder.until(/held/)
    const ended = watcher.wait(name)
    await runner.close()
    expect(await ended).toMatchObject({ state: 'exited' })
    await eventually(() => expect(existsSync(join(watcher.storageRoot, 'jobs', name))).toBe(false))
  })

  test('is lost with init', async ({ runner, folder, skip }) => {
    const { paths, held } = await makeFiles(folder)
    await using holder = await Holder.start(held, skip)
    const name = await runner.start({ command: ['true'], collect: paths })
    await holder.until(/held/)
    process.kill(initOf(runner.storageRoot, name), 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ state: 'lost', collected: [] })
    await runner.stop(name)
    expect(existsSync(join(runner.storageRoot, 'jobs', name))).toBe(false)
  })
})

test('a disk that is full is told, and the outcome is recorded', async ({ folder }) => {
  const root = join(folder, 'disk')
  await mkdir(root)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'corral-test', root])
  {
    await using launcher = await LauncherProcess.start(root, 300 * slowness)
    {
      await using runner = await CgroupRunner.open({ storageRoot: root })
      const name = await runner.start({
        command: sh('head -c 100K /dev/zero >a; head -c 2M /dev/zero >b; echo c >c; exit 7'),
        workdir: 'private',
        collect: ['a', 'b', 'c'],
      })
      const status = await runner.wait(name)
      expect(status).toMatchObject({ state: 'exited', exitStatus: 7 })
      expect(status.collected.map(({ files, omitted }) => [files, omitted?.errno])).toEqual([
        [1, undefined],
        [0, 'ENOSPC'],
        [0, 'ENOSPC'],
      ])
      const { collectedPath } = await runner.inspect(name)
      expect(statSync(join(collectedPath!, 'tmp/work/a')).size).toBe(100 * 1024)
      expect(existsSync(join(collectedPath!, 'tmp/work/b'))).toBe(false)
    }
    expect(await launcher.end).toBe(0)
  }
  await eventually(() => execFileSync('umount', [root], { stdio: 'pipe' }), 15_000 * slowness)
})
