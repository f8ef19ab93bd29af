import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { beforeAll, describe, expect, inject } from 'vitest'

import { startDaemon } from '../support/daemon.ts'
import { skipTest } from '../support/skip.ts'
import { test } from '../support/test.ts'

const repository = join(import.meta.dirname, '../..')
const here = process.arch
const other = here === 'x64' ? 'arm64' : 'x64'
const patienceMs = 240_000

/** Runs a program to its end, with this Node first on its path. */
async function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`
  const options = { cwd: repository, env: { ...process.env, PATH: path, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return (await promisify(execFile)(program, words, options)).stdout
}

async function release(out: string, ...words: string[]): Promise<string[]> {
  await run(process.execPath, ['scripts/release.ts', '--out', out, ...words])
  return (await readdir(out)).map((name) => join(out, name))
}

/** What is published, with the programs of this machine. */
let published: string[]

function find(pattern: RegExp): string {
  return published.find((path) => pattern.test(path))!
}

beforeAll(async () => {
  published = await release(await mkdtemp(join(inject('runFolder'), 'release-')), '--machine', here)
}, patienceMs)

describe('the npm packages', () => {
  test('are installed, and run jobs', { timeout: patienceMs }, async ({ folder }) => {
    const prefix = join(folder, 'prefix')
    const tarballs = published.filter((path) => path.endsWith('.tgz'))
    await run('npm', ['install', '--global', '--no-audit', '--no-fund', '--prefix', prefix, ...tarballs])
    const corral = async (...words: string[]): Promise<string> =>
      run(join(prefix, 'bin/corral'), words, { CORRAL_STORAGE_ROOT: join(folder, 'root') })
    expect(await corral('run', '--', 'echo', 'here')).toBe('here\n')
    await using daemon = await startDaemon({ folder: join(folder, 'd'), program: join(prefix, 'bin/corrald') })
    expect(await corral('run', '--host', daemon.host, '--', 'echo', 'there')).toBe('there\n')
  })

  test('have licences, and nothing of the sources', async () => {
    for (const tarball of published.filter((path) => path.endsWith('.tgz'))) {
      const files = (await run('tar', ['-tzf', tarball])).split('\n')
      expect(files).toContain('package/LICENSE')
      expect(files.filter((file) => file.startsWith('package/src/'))).toEqual([])
    }
    const others = await run('tar', ['-xzOf', find(/corral-daemon/), 'package/dist/LICENCES.txt'])
    expect(others).toMatch(/^== zod \S+: MIT$/m)
    const notice = await run('tar', ['-xzOf', find(/launcher-linux/), 'package/NOTICE'])
    expect(notice).toMatch(/licen[cs]e/i)
  })

  test('have programs for the other machine', { timeout: patienceMs }, async ({ folder, skip }) => {
    const [compiler, emulator] = [
      `${other === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu-gcc`,
      `qemu-${other === 'x64' ? 'x86_64' : 'aarch64'}-static`,
    ]
    for (const [program, packages] of [
      [
        compiler,
        `gcc-${other === 'x64' ? 'x86-64' : 'aarch64'}-linux-gnu libc6-dev-${other === 'x64' ? 'amd64' : other}-cross`,
      ],
      [emulator, 'qemu-user-static'],
    ] as const) {
      if (spawnSync(program, ['--version']).error === undefined) continue
      skipTest(skip, {
        what: 'a release for another processor',
        why: `${program} is not there`,
        unskip: `apt-get install ${packages}`,
      })
    }
    const files = await release(join(folder, 'other'), '--machine', other, '--no-deb')
    await run('tar', ['-xzf', files.find((path) => path.includes('launcher-linux'))!, '-C', folder])
    const { stderr } = spawnSync(emulator, [join(folder, 'package/corral-syscall')], { encoding: 'utf8' })
    expect(stderr).toMatch(/^usage: corral-syscall/)
    const manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8')) as object
    expect(manifest).toMatchObject({ name: `@corral/launcher-linux-${other}`, os: ['linux'], cpu: [other] })
    const launcher = spawnSync(emulator, [join(folder, 'package/corral-launcher')], { encoding: 'utf8' })
    expect(launcher.stderr).toMatch(/^usage: corral-launcher/)
  })
})

describe('the Debian package', () => {
  test('is installed, upgraded while a job runs, and purged', { timeout: patienceMs }, async ({ folder }) => {
    const words = ['--mount', '--propagation', 'private', 'sh', join(import.meta.dirname, 'deb.sh')]
    const root = join(folder, 'debian')
    await mkdir(root)
    const said = await run('unshare', [...words, root, find(/\.deb$/)])
    expect(said).toBe(`== install
corral
/etc/corral/corrald.toml
${JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')).version}
== run
/run/corral/corrald.sock
here
there
== upgrade
web
# mine
"state": "active"
web
== purge
`)
  })
})
