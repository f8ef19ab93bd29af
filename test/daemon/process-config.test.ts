import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { initCa } from '@corral/certs'
import { stringify } from 'smol-toml'
import { describe, expect } from 'vitest'

import { corraldBin, type TomlTable } from '../support/daemon.ts'
import { test } from './fixture.ts'

interface Ended {
  exitStatus: number | null
  stdout: string
  stderr: string
}

/** Runs `corrald` to its end. */
async function corrald(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [corraldBin, ...words], (_, stdout, stderr) => {
      resolve({ exitStatus: child.exitCode, stdout, stderr })
    })
  })
}

/** Each text, and what is said of it after the file's name. */
const mistakes: [text: string, said: string[]][] = [
  ['storageRoot = ', ['1: not TOML: invalid value']],
  ['storage_root = "/x"', ['1: storage_root: there is no such key; did you mean storageRoot?']],
  ['[unix]\nmod = "0600"', ['2: unix.mod: there is no such key; did you mean mode?']],
  ['\n[nothing]\na = 1', ['2: nothing: there is no such key; accepted: storageRoot, ']],
  ['storageRoot = "jobs"', ["1: storageRoot: received 'jobs'; accepted: the absolute path of a folder"]],
  [
    'drainTimeout = 10',
    ["1: drainTimeout: received 10; accepted: a time such as '10s', in ms, s, m, h or d, from '0s' to '1h'"],
  ],
  ['drainTimeout = "2h"', ["1: drainTimeout: received '2h'; accepted: a time"]],
  ['onStop = "leave"', ["1: onStop: received 'leave'; accepted: one of 'keep', 'stop'"]],
  [
    '[jobs]\noutputMax = "1GB"',
    ["2: jobs.outputMax: received '1GB'; accepted: a number of bytes, or a size such as '64M'"],
  ],
  ['[unix]\nmode = 660', ["2: unix.mode: received 660; accepted: a file's mode in quotes"]],
  ['[[tls]]\nlisten = "x"', ['1: tls: received [{"listen":"x"}]; accepted: a table']],
  [
    '[tls]\nlisten = "[::]:7411"',
    ['1: tls.ca: is missing; accepted: ', '1: tls.certificate: is missing', '1: tls.key: is missing'],
  ],
  ['[connections]\nmax = 0.5', ['2: connections.max: received 0.5; accepted: a whole number from 1 to 1000000']],
  [
    '[[identity]]\nmatch = "a"\n[[identity]]\nmatch = "b"\nrole = "root"',
    [
      '1: identity[0].role: is missing',
      "5: identity[1].role: received 'root'; accepted: one of 'viewer', 'operator', 'admin', 'none'",
    ],
  ],
  [
    '[rules]\nprofile = "none"\nlimits = { memoryMax = { default = "2G",\n max = "1G" } }',
    ["3: rules.limits.memoryMax.default: received '2G'; accepted: at most"],
  ],
  [
    '[[identity]]\nmatch = "a"\nrole = "operator"\n[identity.rules]\ntimeout = { default = "2h", max = "1h" }',
    ["5: identity[0].rules.timeout.default: received '2h'; accepted: at most"],
  ],
]

describe('corrald check', () => {
  test.for(mistakes)('says where %j is wrong', async ([text, said], { folder }) => {
    const file = join(folder, 'corrald.toml')
    await writeFile(file, text)
    const { exitStatus, stderr } = await corrald('check', '--config', file)
    expect(exitStatus).toBe(1)
    const lines = stderr.trimEnd().split('\n')
    expect(lines.map((line) => line.slice(0, file.length))).toEqual(said.map(() => file))
    for (const [index, line] of said.entries()) expect(lines[index]!.slice(file.length + 1)).toContain(line)
  })

  test('says which file is not there', async ({ folder }) => {
    const { exitStatus, stderr } = await corrald('check', '--config', join(folder, 'none.toml'))
    expect(exitStatus).toBe(1)
    expect(stderr).toContain('none.toml: it could not be read (ENOENT); name another one with --config')
  })

  test('looks at the host too', async ({ folder }) => {
    const [one, other] = [await initCa(join(folder, 'one')), await initCa(join(folder, 'other'))]
    const check = async (config: TomlTable): Promise<Ended> => {
      const file = join(folder, 'corrald.toml')
      await writeFile(
        file,
        stringify({ storageRoot: join(folder, 'root'), unix: { path: join(folder, 's') }, ...config }),
      )
      return corrald('check', '--config', file)
    }
    const tls = {
      listen: '[::]:7411',
      certificate: one.server.certificate,
      key: one.server.key,
      ca: one.ca,
      crl: one.crl,
    }
    const good = await check({ tls, rules: { users: ['root', '4711', '*'], mounts: [folder] } })
    expect(good).toMatchObject({ exitStatus: 0, stderr: '' })
    expect(good.stdout).toMatch(/^ok .*holds until/m)

    const bad = await check({
      storageRoot: '/proc/self/cmdline/x',
      unix: { path: `${one.ca}/s`, group: 'no-such-group' },
      tls: { ...tls, key: other.server.key },
      rules: { users: ['no-such-user'], mounts: [join(folder, 'none')] },
      identity: [{ match: 'unix-group:nobody-is-here', role: 'viewer' }],
    })
    expect(bad.exitStatus).toBe(1)
    const failed = bad.stdout.split('\n').filter((line) => line.startsWith('failed'))
    expect(failed.map((line) => line.replace(/^failed\s+/, '').split(':')[0])).toEqual([
      'storage root',
      "the socket's folder",
      'rules',
      'tls',
      'user',
      'group',
      'group',
    ])
  })
})

describe('corrald', () => {
  test('does not start with a configuration that is wrong', async ({ folder }) => {
    const file = join(folder, 'corrald.toml')
    await writeFile(file, 'onStop = 1')
    expect(await corrald('--config', file)).toMatchObject({
      exitStatus: 78,
      stderr: expect.stringContaining(`${file}:1: onStop`),
    })
  })

  test.for([
    [['chekc'], 'there is no command chekc: check, schema'],
    [['--confg', 'x'], "Unknown option '--confg'"],
    [['check', 'it'], 'it was not expected'],
    [['--ready-fd', 'x'], '--ready-fd: received x; accepted: the number of an open descriptor'],
  ] as const)('says what is wrong with %j', async ([words, said]) => {
    const { exitStatus, stderr } = await corrald(...words)
    expect(exitStatus).toBe(2)
    expect(stderr).toContain(said)
  })

  test('prints its schema and its version', async () => {
    const { stdout } = await corrald('schema')
    expect(JSON.parse(stdout)).toMatchObject({ title: 'corrald.toml', properties: { storageRoot: { type: 'string' } } })
    expect((await corrald('--version')).stdout).toMatch(/^corrald \d+\.\d+\.\d+\n$/)
  })
})
