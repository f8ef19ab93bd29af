import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type CgroupRunner, type Change, type JobConfig, NoChangesError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { failure } from '../faults/failure.ts'
import { runJob, startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** A root with a few things in it, and the host's programs below /usr. */
async function makeRoot(folder: string): Promise<JobConfig['isolation'] & object> {
  const directory = join(folder, 'root-of-jobs')
  for (const name of ['usr', 'data/old/deep', 'data/kept', 'sys', 'proc', 'dev', 'tmp', 'run'])
    await mkdir(join(directory, name), { recursive: true })
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) await symlink(`usr/${name}`, join(directory, name))
  for (const name of ['data/a', 'data/b', 'data/old/x', 'data/old/y', 'data/old/deep/z', 'data/kept/k']) {
    await writeFile(join(directory, name), `${name}\n`)
  }
  return { root: { directory, access: 'overlay' }, keepChanges: true, mounts: [{ type: 'bind-ro', source: '/usr' }] }
}

/** What a script has changed below /data, in the order of paths. */
async function changesOf(runner: CgroupRunner, isolation: object, script: string): Promise<Change[]> {
  const { name, output, status } = await runJob(runner, { command: sh(`cd /data; ${script}`), isolation })
  expect(`${output}${status.exitStatus}`).toBe('0')
  const changes = await Array.fromAsync(runner.changes(name))
  await runner.stop(name)
  return changes.filter(({ path }) => path.startsWith('/data/')).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function change(kind: Change['kind'], path: string, type: Change['type'] = 'file'): Change {
  return { kind, path: `/data/${path}`, type }
}

describe('the changes of an overlay', () => {
  test('are files that were added, modified and deleted', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    const script = 'echo more >>a; rm b; echo x >new; ln -s a link; mkdir dir; mkfifo dir/fifo'
    expect(await changesOf(runner, isolation, script)).toEqual([
      change('modified', 'a'),
      change('deleted', 'b'),
      change('added', 'dir', 'directory'),
      change('added', 'dir/fifo', 'fifo'),
      change('added', 'link', 'symlink'),
      change('added', 'new'),
    ])
    expect(readFileSync(join(folder, 'root-of-jobs/data/a'), 'utf8')).toBe('data/a\n')
  })

  test('are a folder that was deleted, and one that was made anew', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    expect(await changesOf(runner, isolation, 'rm -r old')).toEqual([change('deleted', 'old', 'directory')])
    const again = 'rm -r old; mkdir -p old/deep; echo new >old/x; echo new >old/n'
    expect(await changesOf(runner, isolation, again)).toEqual([
      change('modified', 'old', 'directory'),
      change('modified', 'old/deep', 'directory'),
      change('deleted', 'old/deep/z'),
      change('added', 'old/n'),
      change('modified', 'old/x'),
      change('deleted', 'old/y'),
    ])
  })

  test('are a folder that has moved, with all that is in it', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    expect(await changesOf(runner, isolation, 'mv old moved')).toEqual([
      change('added', 'moved', 'directory'),
      change('added', 'moved/deep', 'directory'),
      change('added', 'moved/deep/z'),
      change('added', 'moved/x'),
      change('added', 'moved/y'),
      change('deleted', 'old', 'directory'),
    ])
  })

  test('are what took the place of another type', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    const script = 'rm a; mkdir a; echo x >a/x; rm -r old; ln -s kept old'
    expect(await changesOf(runner, isolation, script)).toEqual([
      change('modified', 'a', 'directory'),
      change('added', 'a/x'),
      change('modified', 'old', 'symlink'),
    ])
  })

  test('are none where nothing was written, and can have names that are no text', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    expect(await changesOf(runner, isolation, 'cat a >/dev/null')).toEqual([])
    const script = String.raw`mkdir "$(printf '\377')"; echo x >"$(printf '\377')/f"`
    expect(await changesOf(runner, isolation, script)).toEqual([
      change('added', '\u{FFFD}', 'directory'),
      change('added', '\u{FFFD}/f'),
    ])
  })

  test('can be read where inspect says, until the job is removed', async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    const { name } = await runJob(runner, { command: sh('echo new >/data/a; mkdir -m 0 /data/closed'), isolation })
    const { changedPaths } = await runner.inspect(name)
    expect(changedPaths).toMatchObject([{ target: '/' }])
    expect(readFileSync(join(changedPaths[0]!.path, 'data/a'), 'utf8')).toBe('new\n')
    expect(readdirSync(join(changedPaths[0]!.path, '..')).toSorted()).toEqual(['opaque', 'upper'])
    await runner.stop(name)
    expect(existsSync(changedPaths[0]!.path)).toBe(false)
  })

  test('of the whole host are told too, and the host has none of them', async ({ runner, folder }) => {
    const shared = join(folder, 'shared')
    await mkdir(shared)
    await chmod(shared, 0o777)
    const { name, output } = await runJob(runner, {
      command: sh('echo x >"$1/file"; rm -f /etc/hostname; echo done', shared),
      isolation: { root: 'overlay', keepChanges: true },
    })
    expect(output).toBe('done\n')
    const changes = await Array.fromAsync(runner.changes(name))
    expect(changes).toContainEqual({ kind: 'added', path: join(shared, 'file'), type: 'file' })
    expect(changes).toContainEqual({ kind: 'modified', path: '/etc', type: 'directory' })
    expect(readdirSync(shared)).toEqual([])
  })

  test('are not kept unless that was wanted', async ({ runner, folder }) => {
    const isolation = { ...(await makeRoot(folder)), keepChanges: false }
    const { name } = await runJob(runner, { command: sh('echo x >/data/x; mkdir /data/dir'), isolation })
    expect(existsSync(join(runner.storageRoot, 'jobs', name, 'changes'))).toBe(false)
    expect((await runner.inspect(name)).changedPaths).toEqual([])
    expect(await failure(Array.fromAsync(runner.changes(name)))).toBeInstanceOf(NoChangesError)
  })

  test('are not told of a job that runs, or whose end nobody saw', async ({ openRunner, folder }) => {
    const runner = await openRunner({ onExit: 'keep' })
    const isolation = await makeRoot(folder)
    const command = sh('mkdir -m 0 /data/closed /data/closed/in; echo ready; exec sleep 1000')
    const name = await startReady(runner, { command, isolation })
    expect((await failure(Array.fromAsync(runner.changes(name)))).message).toContain('it is still running')
    const record = readFileSync(join(runner.storageRoot, 'jobs', name, 'init'), 'latin1')
    process.kill(Number(/^pid=(\d+)/.exec(record)![1]), 'SIGKILL')
    expect((await runner.wait(name)).state).toBe('lost')
    expect((await failure(Array.fromAsync(runner.changes(name)))).message).toContain('nobody saw its end')
    await runner.stop(name)
    expect(existsSync(join(runner.storageRoot, 'jobs', name))).toBe(false)
  })

  test('as deep as can be go with the job, kept or not', { timeout: 60_000 }, async ({ runner, folder }) => {
    const isolation = await makeRoot(folder)
    const command = sh(
      'cd /data; d=deeper-and-much-deeper; i=0; while [ $i -lt 175 ]; do mkdir $d && cd $d || exit 1; i=$((i + 1)); done',
    )
    for (const keepChanges of [false, true]) {
      const { name, status } = await runJob(runner, { command, isolation: { ...isolation, keepChanges } })
      expect(status.exitStatus).toBe(0)
      await runner.stop(name)
      expect(existsSync(join(runner.storageRoot, 'jobs', name))).toBe(false)
    }
  })
})
