import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, describe, expect } from 'vitest'

import { type ClientTls, startDaemon, type TestDaemon } from '../support/daemon.ts'
import { skipTest } from '../support/skip.ts'
import { test } from '../support/test.ts'
import { call, type CurlTarget, stream } from './curl.ts'
import { generatePython, hasPython, runPython } from './python.ts'

const noPython = {
  what: 'a client of Debian’s grpcio',
  why: 'python3-grpcio or the generator of its code is not installed',
  unskip: 'apt-get install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc libprotobuf-dev',
}

let daemon: TestDaemon | undefined
afterEach(async () => {
  await daemon?.[Symbol.asyncDispose]()
  daemon = undefined
})

/** A daemon, and a certificate of somebody who may start jobs. */
async function serve(folder: string): Promise<{ address: string; tls: ClientTls }> {
  const identity = [{ match: 'tester', role: 'operator' }]
  daemon = await startDaemon({ folder: join(folder, 'daemon'), tls: true, config: { identity } })
  return { address: daemon.tlsHost.slice('https://'.length), tls: await daemon.issue('tester') }
}

describe('over mutual TLS, clients that are not ours start a job, stream its output and stop it', () => {
  test('grpcio of Python, with code generated from the .proto files', async ({ folder, skip }) => {
    if (!(await hasPython())) skipTest(skip, noPython)
    const { address, tls } = await serve(folder)
    const generated = join(folder, 'python')
    await mkdir(generated)
    await generatePython(generated)
    const program = join(import.meta.dirname, 'client.py')
    const said = await runPython(generated, program, [address, tls.ca, tls.cert, tls.key])
    expect(JSON.parse(said)).toEqual({
      once: true,
      first: 'first\n',
      second: 'second go\n',
      listed: [true],
      stopped: 'JOB_STATE_STOPPED',
      unknown: 'NOT_FOUND',
      refused: 'INVALID_ARGUMENT',
    })
  })

  test('curl, with JSON', async ({ folder }) => {
    const { address, tls } = await serve(folder)
    const target: CurlTarget = { address, ...tls }
    const config = {
      command: ['sh', '-c', 'echo first; read line; echo second $line; sleep 1000'],
      stdin: { stream: true },
    }
    const started = await call(target, 'Start', { requestId: 'from-curl', config })
    expect(started).toMatchObject({ status: 200, body: { job: { state: 'JOB_STATE_ACTIVE' } } })
    const { name } = started.body['job'] as { name: string }
    const { text, offset } = await readUntil(target, { name, follow: true }, 'first\n')
    expect(text).toBe('first\n')
    const sent = await call(target, 'WriteInput', { name, data: Buffer.from('go\n').toString('base64'), end: true })
    expect(sent).toEqual({ status: 200, body: { offset: '3' } })
    expect((await readUntil(target, { name, follow: true, offset }, 'go\n')).text).toBe('second go\n')
    expect(await call(target, 'Stop', { name })).toMatchObject({ body: { job: { state: 'JOB_STATE_STOPPED' } } })
    expect(await call(target, 'Remove', { name })).toMatchObject({ status: 200 })
    expect(await call(target, 'Get', { name })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const refused = await call(target, 'Start', { config: { command: ['true'], limits: { cpuMax: 'much' } } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_argument' } })
    expect(JSON.stringify(refused.body['details'])).toContain('limits.cpu_max')
  })
})

/** The output up to and with a text, and the offset to go on at. */
async function readUntil(
  target: CurlTarget,
  request: unknown,
  text: string,
): Promise<{ text: string; offset: string }> {
  let seen = ''
  for await (const part of stream(target, 'Output', request)) {
    seen += Buffer.from((part['data'] as string | undefined) ?? '', 'base64').toString()
    if (seen.includes(text)) return { text: seen, offset: part['nextOffset'] as string }
  }
  throw new Error(`the output ended without ${text}: ${seen}`)
}
