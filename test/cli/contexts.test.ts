import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { Corral, makeFolder, test as base } from './corral.ts'
import { Corrald } from './daemon.ts'

/** A `corral` to which nothing says where jobs are, but its contexts. */
const test = base.extend<{ bare: Corral }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  bare: async ({}, use) => {
    const bare = new Corral(await makeFolder(), {})
    await use(bare)
    await bare.run('context', 'use', 'local')
  },
})

const fileOf = ({ folder }: Corral): string => join(folder, 'config/corral/contexts.toml')

test('contexts are made, listed, used, shown and forgotten', async ({ bare }) => {
  expect(await bare.run('context', 'ls')).toMatchObject({
    stdout: 'NAME     HOST       CERTIFICATE\nlocal *  this host\n',
  })
  const create = [
    'context',
    'create',
    'box',
    '--host',
    'box:7411',
    '--cert',
    'a.crt',
    '--key',
    'a.key',
    '--ca',
    '/ca.crt',
  ]
  expect(await bare.run(...create)).toEqual({ exitStatus: 0, stdout: 'box\n', stderr: '' })
  expect(await bare.run('context', 'create', 'near', '--host', '/run/x.sock', '--use')).toMatchObject({ exitStatus: 0 })
  expect((await bare.run('context', 'ls', '-q')).stdout).toBe('local\nbox\nnear\n')
  expect((await bare.run('context', 'show')).stdout).toBe('name  near\nhost  unix:///run/x.sock\n')
  expect(JSON.parse((await bare.run('context', 'show', '--json', 'box')).stdout)).toEqual({
    name: 'box',
    host: 'https://box:7411',
    cert: join(bare.folder, 'a.crt'),
    key: join(bare.folder, 'a.key'),
    ca: '/ca.crt',
  })
  expect(await bare.run('context', 'use', 'box')).toEqual({ exitStatus: 0, stdout: 'box\n', stderr: '' })
  expect(await bare.run('context', 'rm', 'box')).toEqual({ exitStatus: 0, stdout: 'box\n', stderr: '' })
  expect((await bare.run('context', 'show')).stdout).toBe('name  local\n')
  expect((await bare.run('context', 'ls', '-q')).stdout).toBe('local\nnear\n')
})

test('the file is for its owner alone, and is whole at any time', async ({ bare }) => {
  await bare.run('context', 'create', 'a', '--host', 'a:1')
  await chmod(fileOf(bare), 0o644)
  const made = Array.from({ length: 6 }, (_, index) => bare.run('context', 'create', `b${index}`, '--host', 'b:1'))
  for (const { exitStatus } of await Promise.all(made)) expect(exitStatus).toBe(0)
  expect((await stat(fileOf(bare))).mode & 0o777).toBe(0o600)
  expect(await bare.run('context', 'ls', '-q')).toMatchObject({ exitStatus: 0, stdout: expect.stringContaining('b') })
  expect(await readFile(fileOf(bare), 'utf8')).toMatch(/\[contexts\.b\d\]/)
})

describe('mistakes', () => {
  test('of names and addresses', async ({ bare }) => {
    const refused = async (message: RegExp, ...words: string[]): Promise<void> => {
      expect(await bare.run('context', ...words)).toEqual({
        exitStatus: 125,
        stdout: '',
        stderr: expect.stringMatching(message),
      })
    }
    await bare.run('context', 'create', 'box', '--host', 'box:7411')
    await refused(/there is a context 'box' already: --force/, 'create', 'box', '--host', 'other:1')
    await refused(/'local' is this host/, 'create', 'local', '--host', 'other:1')
    await refused(/'a b' is no name of a context/, 'create', 'a b', '--host', 'other:1')
    await refused(/--host 'box' is no address/, 'create', 'x', '--host', 'box')
    await refused(/--key is missing/, 'create', 'x', '--host', 'box:1', '--cert', 'a')
    await refused(/--ca is for an https host/, 'create', 'x', '--host', '/x.sock', '--ca', 'a')
    await refused(/required option '-H, --host/, 'create', 'x')
    await refused(/no context 'boks'; there are: local, box/, 'use', 'boks')
    await refused(/no context 'boks'/, 'rm', 'boks')
    await refused(/Did you mean create/, 'creat')
  })

  test('in the file are named with their line; what says where does without it', async ({ bare, corral }) => {
    await mkdir(join(bare.folder, 'config/corral'), { recursive: true })
    await writeFile(fileOf(bare), 'current = "box"\n\n[contexts.box]\nhost = 3\n')
    const stderr = `corral: ${fileOf(bare)}:4: 'host' is no text\n`
    expect(await bare.run('ps')).toEqual({ exitStatus: 125, stdout: '', stderr })
    await writeFile(fileOf(bare), 'current = "box\n')
    expect((await bare.run('context', 'ls')).stderr).toMatch(/contexts\.toml:1: /)
    expect(await bare.run('ps', '-q', '--storage-root', corral.storageRoot)).toMatchObject({
      exitStatus: 0,
      stderr: '',
    })
  })
})

test('commands go to the one in use, unless the environment or the line says otherwise', async ({ bare, corral }) => {
  const corrald = new Corrald(join(corral.folder, 'd'))
  await corrald.start()
  try {
    await bare.run('context', 'create', 'near', '--host', corrald.host, '--use')
    await bare.run('run', '-d', '--name', 'there', 'sleep', '1000')
    await corral.detach('--name', 'here', 'sleep', '1000')
    const here = `--storage-root ${corral.storageRoot}`
    const { stdout } = await bare.shell(
      `corral ps -q; corral ps -q ${here}; CORRAL_STORAGE_ROOT=${corral.storageRoot} corral ps -q --context near; ` +
        `CORRAL_CONTEXT=near corral ps -q; export CORRAL_STORAGE_ROOT=${corral.storageRoot}; corral ps -q`,
    )
    expect(stdout).toBe('there\nhere\nthere\nthere\nhere\n')
    expect(await bare.shell(`CORRAL_HOST=x:1 corral context use near`)).toMatchObject({
      exitStatus: 0,
      stderr: 'corral: $CORRAL_HOST is set, and goes before it\n',
    })
    expect((await bare.run('ps', '--host', 'x:1', '--storage-root', '/y')).stderr).toMatch(
      /^corral: --storage-root \/y and --host x:1 name different places/,
    )
    const complete = async (...words: string[]): Promise<string> => (await bare.run('complete', '--', ...words)).stdout
    expect(await complete('logs', '')).toContain('there\tjob')
    expect(await complete('context', 'use', '')).toMatch(/^local\tcontext\nnear\tcontext$/m)
    expect(await complete('ps', '--context', '')).toContain('near\tcontext')
    await bare.run('rm', '-f', 'there')
  } finally {
    await corrald.stop()
  }
})
