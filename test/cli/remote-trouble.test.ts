import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import type { Corral } from './corral.ts'
import { test } from './daemon.ts'

/** Makes an authority with `corral certs`, and what the daemon's configuration has to say of it. */
async function makeCerts(corral: Corral): Promise<{ dir: string; toml: string }> {
  const dir = await mkdtemp(join(corral.folder, 'certs-'))
  const ca = join(dir, 'ca')
  const init = await corral.run('certs', 'init', '--dir', ca, '--host', 'localhost')
  expect(init).toMatchObject({ exitStatus: 0, stderr: '' })
  const issued = await corral.run('certs', 'issue', 'alice', '--role', 'operator', '--dir', ca)
  expect(issued).toMatchObject({ exitStatus: 0, stderr: '' })
  const viewer = await corral.run('certs', 'issue', 'victor', '--role', 'viewer', '--dir', ca)
  await corral.run('certs', 'issue', 'stranger', '--role', 'viewer', '--dir', ca)
  const toml = init.stdout.replace('[::]:7411', '127.0.0.1:0')
  return { dir: ca, toml: `${toml}\n${issued.stdout}\n${viewer.stdout}` }
}

function files(dir: string, name: string): string[] {
  return [
    '--tls-cert',
    join(dir, `${name}.crt`),
    '--tls-key',
    join(dir, `${name}.key`),
    '--tls-ca',
    join(dir, 'ca.crt'),
  ]
}

describe('over TLS', () => {
  test('with certificates of corral certs, a job runs; a context holds them', async ({ corral, corrald }) => {
    const { dir, toml } = await makeCerts(corral)
    await corrald.start(toml)
    const where = ['--host', corrald.tlsHost, ...files(dir, 'alice')]
    expect(await corral.run('run', ...where, '--', 'echo', 'over TLS')).toEqual({
      exitStatus: 0,
      stdout: 'over TLS\n',
      stderr: '',
    })
    const [, cert, , key, , ca] = files(dir, 'alice') as [string, string, string, string, string, string]
    await corral.run('context', 'create', 'box', '--host', corrald.tlsHost, '--cert', cert, '--key', key, '--ca', ca)
    expect((await corral.run('info', '--context', 'box')).stdout).toMatch(/^you +alice, operator$/m)
    const env = `CORRAL_TLS_CERT=${cert} CORRAL_TLS_KEY=${key} CORRAL_TLS_CA=${ca}`
    expect(await corral.shell(`${env} corral ps -q --host ${corrald.tlsHost}`)).toMatchObject({
      exitStatus: 0,
      stderr: '',
    })
    const job = 'echo $(($(cat) + 1)); exit 3'
    expect(await corral.shell(`echo 41 | corral run -i --context box -- sh -c '${job}'`)).toMatchObject({
      exitStatus: 3,
      stdout: '42\n',
      stderr: '',
    })
  })

  test('what is wrong with a certificate is said in one sentence', async ({ corral, corrald }) => {
    const { dir, toml } = await makeCerts(corral)
    const other = await makeCerts(corral)
    await corrald.start(toml)
    const refused = async (message: RegExp, ...words: string[]): Promise<void> => {
      const { exitStatus, stdout, stderr } = await corral.run('run', '--host', corrald.tlsHost, ...words, '--', 'true')
      expect({ exitStatus, stdout }).toEqual({ exitStatus: 125, stdout: '' })
      expect(stderr).toMatch(/^corral: [^\n]*\n$/)
      expect(stderr).toMatch(message)
    }
    const ca = ['--tls-ca', join(dir, 'ca.crt')]
    await refused(/asks for a certificate, .*--tls-cert and --tls-key/, ...ca)
    await refused(/not to be trusted.*--tls-ca/, ...files(dir, 'alice').slice(0, 4))
    await refused(/refused our certificate/, ...files(other.dir, 'alice').slice(0, 4), ...ca)
    await refused(/has a certificate and no key/, ...files(dir, 'alice').slice(0, 2), ...ca)
    await refused(/--tls-key: .*ENOENT/, ...files(dir, 'alice').slice(0, 2), '--tls-key', '/none', ...ca)
    await refused(/stranger/, ...files(dir, 'stranger'))
    await refused(/viewer/, ...files(dir, 'victor'))
    await corral.run('certs', 'revoke', 'alice', '--dir', dir)
    await expect
      .poll(async () => (await corral.run('ps', '--host', corrald.tlsHost, ...files(dir, 'alice'))).stderr, {
        timeout: 20_000,
      })
      .toMatch(/refused our certificate/)
  })

  test("another owner's job is not there, and owners are told to who sees several", async ({
    corral,
    corrald,
    there,
  }) => {
    const { dir, toml } = await makeCerts(corral)
    await corrald.stop()
    await corrald.start(toml)
    const asAlice = ['--host', corrald.tlsHost, ...files(dir, 'alice')]
    await corral.run('run', ...asAlice, '-d', '--name', 'hers', '--', 'sleep', '1000')
    await there.detach('--name', 'ours', 'sleep', '1000')
    expect((await corral.run('ps', ...asAlice)).stdout).toMatch(/^NAME +STATE[^]*\nhers [^\n]*\n$/)
    expect((await corral.run('stop', ...asAlice, 'ours')).stderr).toMatch(/^corral: no job 'ours'/)
    expect((await there.run('ps')).stdout).toMatch(/^NAME +OWNER +STATE .*\nhers +alice +active.*\nours +\S+ +active/)
  })
})

describe('a daemon that is not there', () => {
  test('is named, with what to do', async ({ corral, corrald, there }) => {
    await there.run('run', 'true')
    await corrald.stop()
    const { exitStatus, stdout, stderr } = await there.run('ps')
    expect({ exitStatus, stdout }).toEqual({ exitStatus: 125, stdout: '' })
    expect(stderr).toMatch(/^corral: could not reach corrald at unix:.*\n$/)
    expect(stderr).toContain('start it')
    await corrald.start()
    expect((await corral.run('ps', '--host', '127.0.0.1:1')).stderr).toMatch(/nobody listens there/)
    expect((await corral.run('ps', '--host', 'host.invalid:7411')).stderr).toMatch(/no host of that name|looked up/)
    await writeFile(join(corral.folder, 'no-socket'), '')
    expect((await corral.run('ps', '--host', join(corral.folder, 'no-socket'))).stderr).toMatch(/^corral: .*no-socket/)
  })
})
