import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { test } from './corral.ts'

describe('run --file', () => {
  test('puts files into the folder that the job works in', async ({ corral }) => {
    writeFileSync(join(corral.folder, 'main.sh'), '#!/bin/sh\npwd; cat lib/text\n', { mode: 0o755 })
    writeFileSync(join(corral.folder, 'text'), 'of ours\n')
    const words = ['--file', 'main.sh', '--file', 'lib/text=text', '--', './main.sh']
    expect(await corral.run('run', ...words)).toEqual({ exitStatus: 0, stdout: '/tmp/work\nof ours\n', stderr: '' })
  })

  test('refuses what is not there, too large, or out of place', async ({ corral }) => {
    writeFileSync(join(corral.folder, 'x'), '')
    writeFileSync(join(corral.folder, 'large'), Buffer.alloc(1024 * 1024 + 1))
    const refusal = async (file: string): Promise<string> => {
      const { exitStatus, stderr } = await corral.run('run', '--file', file, '--', 'true')
      expect(exitStatus).toBe(125)
      return stderr
    }
    expect(await refusal('none')).toMatch(/ENOENT/)
    expect(await refusal('large')).toMatch(/large has 1048577 bytes; accepted: 1 MiB in all/)
    expect(await refusal('../x=x')).toMatch(/--file: received '..\/x'/)
    expect(await refusal('=x')).toMatch(/Accepted: FILE, or TARGET=FILE/)
  })
})

describe('run --collect', () => {
  test('copies files and folders to where they are wanted', async ({ corral }) => {
    mkdirSync(join(corral.folder, 'there'))
    const script = 'mkdir -p out/deep; echo 1 >out/deep/1; echo 2 >two; exit 3'
    const words = ['--collect', 'out:results', '--collect', 'two', '--collect', '/tmp/work/two2:there']
    const result = await corral.run('run', '--private-workdir', '1M', ...words, '--', 'sh', '-c', script)
    const reason = 'no such file or directory'
    expect(result).toEqual({ exitStatus: 3, stdout: '', stderr: `corral: did not collect /tmp/work/two2: ${reason}\n` })
    expect(readFileSync(join(corral.folder, 'results/deep/1'), 'utf8')).toBe('1\n')
    expect(readFileSync(join(corral.folder, 'two'), 'utf8')).toBe('2\n')
    expect(readdirSync(join(corral.folder, 'there'))).toEqual([])
    expect(await corral.names()).toEqual([])
  })

  test('in the background leaves the copies to cp', async ({ corral }) => {
    const script = 'mkdir out; echo 1 >out/1; ln -s /etc/passwd out/2'
    const words = ['--private-workdir', '1M', '--collect', 'out', '--', 'sh', '-c', script]
    const name = await corral.detach('--name', 'a:b', ...words)
    await corral.run('wait', name)
    expect((await corral.run('status', name)).stdout).toMatch(
      /^collected +\/tmp\/work\/out: a file, 2B; did not collect \/tmp\/work\/out\/2: a symbolic link/m,
    )
    expect(await corral.run('cp', `${name}:out/1`)).toEqual({ exitStatus: 0, stdout: '', stderr: '' })
    expect(await corral.run('cp', `${name}:/tmp/work/out`, 'copy')).toMatchObject({ exitStatus: 0 })
    expect(readFileSync(join(corral.folder, '1'), 'utf8')).toBe('1\n')
    expect(readdirSync(join(corral.folder, 'copy'))).toEqual(['1'])
    expect((await corral.run('cp', `${name}:../../etc/passwd`, 'x')).stderr).toMatch(/has no \/etc\/passwd to copy/)
    expect(existsSync(join(corral.folder, 'x'))).toBe(false)
    expect((await corral.run('cp', 'x', '.')).stderr).toMatch(/'x' is no NAME:PATH/)
    expect((await corral.run('run', '-d', '--collect', 'out:x', 'true')).stderr).toMatch(/use 'corral cp' later/)
  })
})

describe('diff', () => {
  test('lists what a job has changed', async ({ corral }) => {
    const script = 'echo x >/var/new; rm /etc/hostname; mkdir /var/folder'
    const words = ['--root', 'overlay', '--keep-changes', '-w', '/', '--', 'sh', '-c', script]
    const name = await corral.detach(...words)
    expect((await corral.run('wait', name)).stdout).toContain('0')
    const { stdout } = await corral.run('diff', name)
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining(['C /var', 'A /var/new', 'A /var/folder', 'D /etc/hostname']),
    )
    const list = JSON.parse((await corral.run('diff', '--json', name)).stdout) as object[]
    expect(list).toContainEqual({ kind: 'added', path: '/var/folder', type: 'directory' })
  })

  test('says why there is no list', async ({ corral }) => {
    const name = await corral.detach('sleep', '1000')
    const { exitStatus, stderr } = await corral.run('diff', name)
    expect(exitStatus).toBe(125)
    expect(stderr).toMatch(/^corral: cannot list the changes of job .*: it was started without keepChanges\n$/)
    expect((await corral.run('run', '--root', 'overlay', '--keep-changes', 'true')).stderr).toMatch(/takes --detach/)
  })
})
