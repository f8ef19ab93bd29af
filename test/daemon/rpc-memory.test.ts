import { readFile } from 'node:fs/promises'
import { connect } from 'node:http2'

import { expect } from 'vitest'

import { callerOf, refusalOf } from './callers.ts'
import { test } from './fixture.ts'

const identity = [
  { match: 'victor', role: 'viewer' },
  { match: 'alice', role: 'operator' },
]
const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
const quarter = 256 * 1024

test('requests whose end does not come hold a part of the memory only', async ({ openDaemon }) => {
  const daemon = await openDaemon({ tls: true, config: { identity, requests: { maxMessage: '256K' } } })
  const { cert, key, ca } = await daemon.issue('victor')
  const [certFile, keyFile, caFile] = await Promise.all([cert, key, ca].map((path) => readFile(path)))
  const session = connect(daemon.tlsHost, { cert: certFile!, key: keyFile!, ca: caFile! })
  const body = Buffer.alloc(quarter)
  body.writeUInt32BE(quarter + 1024, 1)
  const refused = Promise.withResolvers<unknown>()
  for (let count = 0; count < 40; count++) {
    const stream = session.request({ ...headers, ':path': '/corral.v1.JobService/Get' })
    stream.on('error', () => {})
    stream.on('trailers', (answer) => refused.resolve(answer['grpc-status']))
    stream.resume().write(body)
  }
  // RESOURCE_EXHAUSTED
  expect(await refused.promise).toBe('8')
  // Others are served.
  expect((await (await callerOf(daemon, 'alice')).info({})).info?.role).toBe('operator')
  session.destroy()
  expect(daemon.log.filter((line) => line.includes('could not be sent'))).toEqual([])
})

test('requests of very many parts are refused before each is looked at', async ({ openDaemon }) => {
  const daemon = await openDaemon({ tls: true, config: { identity } })
  const alice = await callerOf(daemon, 'alice')
  const start = async (isolation: object) => refusalOf(alice.start({ config: { command: ['true'], isolation } }))
  const mounts = Array.from({ length: 20_000 }, () => ({}))
  expect(await start({ mounts })).toMatchObject({ code: 'InvalidArgument', fields: ['config.isolation.mounts'] })
  const value = `[${'0,'.repeat(200_000)}0]`
  const seccomp = { case: 'seccompJson', value }
  expect(await start({ seccomp })).toMatchObject({ fields: ['config.isolation.seccomp_json'] })
})
