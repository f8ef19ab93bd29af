import { create, type DescMessage, type DescMethod } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { JobService, QuotaFailureSchema, RestartMode, RetryInfoSchema } from '@corral/api'
import { describe, expect } from 'vitest'

import { access } from '../../packages/daemon/src/rpc/access.ts'
import { eventually } from '../support/test.ts'
import { answerOf, errorOf } from './rpc-answers.ts'
import { type RpcServer, test } from './rpc-servers.ts'

type Call = (request: object, options?: { headers?: Record<string, string>; timeoutMs?: number }) => Promise<unknown>

/** Calls any method, by its name; of a stream all is read. */
async function callOf(server: RpcServer, identity: string, protocol?: 'grpc' | 'connect') {
  const client = (await server.client(identity, protocol)) as unknown as Record<
    string,
    (...words: unknown[]) => unknown
  >
  return ({ localName, methodKind }: DescMethod): Call =>
    async (...words) => {
      const result = client[localName]!(...words)
      return methodKind === 'unary' ? result : Array.fromAsync(result as AsyncIterable<unknown>)
    }
}

/** A request about a job that could be carried out, were the job there for the caller. */
function requestAbout(input: DescMessage, name: string): object | undefined {
  const has = (field: string): boolean => input.fields.some(({ localName }) => localName === field)
  if (!has('name') && !has('names')) return undefined
  return {
    ...(has('names') ? { names: [name] } : { name }),
    ...(has('path') && { path: 'out' }),
    ...(has('size') && { size: { columns: 80, rows: 24 } }),
    ...(has('limits') && { limits: { pidsMax: '5' } }),
    ...(has('config') && { config: { command: ['true'] } }),
    ...(has('force') && { force: true }),
  }
}

describe("somebody else's job", () => {
  test('is as one that is not there, in every method that is about a job', async ({ server, jobs }) => {
    const alice = await server.client('alice')
    await alice.start({ config: { command: ['sleep', '1000'], name: 'secret' } })
    const [bob, victor] = [await callOf(server, 'bob'), await callOf(server, 'victor')]
    let checked = 0
    for (const method of JobService.methods) {
      const [secret, none] = ['secret', 'nobody'].map((name) => requestAbout(method.input, name))
      if (!secret) continue
      checked++
      const answer = await errorOf(bob(method)(secret))
      expect([method.name, answer]).toEqual([method.name, await errorOf(bob(method)(none!)).then(renamed('secret'))])
      expect(answer).toMatchObject({ code: 'not_found', reason: 'JOB_NOT_FOUND', metadata: { jobName: 'secret' } })
      if (access[method.localName as keyof typeof access].role !== 'viewer') continue
      expect(await errorOf(victor(method)(secret))).toEqual(answer)
    }
    expect(checked).toBeGreaterThan(14)
    expect((await jobs.status('secret')).active).toBe(true)
    // Of an event of it nothing is told, with a token either.
    expect((await bobsEvents(server)).length).toBe(0)
  })

  test('has taken its name, of which nothing else is told', async ({ server }) => {
    const [alice, bob] = [await server.client('alice'), await server.client('bob')]
    const request = { config: { command: ['true'], name: 'web' } }
    await alice.start(request)
    const [own, other] = [await errorOf(alice.start(request)), await errorOf(bob.start(request))]
    expect(other).toEqual(own)
    expect(own).toMatchObject({ code: 'already_exists', reason: 'JOB_NAME_TAKEN', metadata: { jobName: 'web' } })
  })

  test("is an admin's to manage", async ({ server }) => {
    const [alice, ada] = [await server.client('alice'), await server.client('ada')]
    await alice.start({ config: { command: ['sleep', '1000'], name: 'web' } })
    expect((await ada.get({ name: 'web' })).job).toMatchObject({ owner: 'alice' })
    expect((await ada.stop({ name: 'web' })).job).toMatchObject({ owner: 'alice' })
  })
})

/** What bob hears from the beginning of a watch until a job of his own has started. */
async function bobsEvents(server: RpcServer): Promise<string[]> {
  const bob = await server.client('bob')
  const heard: string[] = []
  let began = false
  for await (const { event } of bob.watch({})) {
    if (!began) await bob.start({ config: { command: ['true'], name: 'own' } })
    began = true
    if (event?.name === 'own') break
    if (event) heard.push(event.name)
  }
  return heard
}

function renamed(name: string) {
  return <T extends { message: string; metadata: Record<string, string> }>(answer: T): T => ({
    ...answer,
    message: answer.message.replace('nobody', name),
    metadata: { ...answer.metadata, jobName: name },
  })
}

describe('who may do what', () => {
  test('a viewer looks, and changes nothing', async ({ server }) => {
    const victor = await callOf(server, 'victor')
    for (const method of JobService.methods) {
      if (access[method.localName as keyof typeof access].role === 'viewer') continue
      const answer = await errorOf(
        victor(method)(requestAbout(method.input, 'web') ?? { config: { command: ['true'] } }),
      )
      expect(answer).toMatchObject({ code: 'permission_denied', reason: 'ROLE_REQUIRED' })
      expect(answer.metadata).toEqual({ role: 'viewer', required: 'operator' })
    }
    expect(await server.auditLines()).toContainEqual(
      expect.objectContaining({
        identity: 'victor',
        method: 'start',
        outcome: 'permission_denied',
        reason: 'ROLE_REQUIRED',
      }),
    )
  })

  for (const identity of ['mallory', '']) {
    test(`${identity || 'nobody'} may do nothing`, async ({ server }) => {
      const call = await callOf(server, identity)
      for (const method of JobService.methods) {
        expect(await errorOf(call(method)({}))).toMatchObject({ code: 'permission_denied', reason: 'UNKNOWN_IDENTITY' })
      }
      expect((await server.auditLines()).map(({ outcome }) => outcome)).toContain('permission_denied')
    })
  }

  test('what the policy does not allow is refused by its field', async ({ server }) => {
    const alice = await server.client('alice')
    const answer = await errorOf(
      alice.start({ config: { command: ['true'], isolation: { mounts: [{ type: 'bind', source: '/etc' }] } } }),
    )
    expect(answer).toMatchObject({ code: 'permission_denied', reason: 'FORBIDDEN_OPTION' })
    expect(answer.fields).toEqual([expect.stringMatching(/^config\.isolation\.mounts\[0\]/)])
    expect(answer.metadata['option']).toMatch(/^isolation\.mounts\[0\]/)
  })

  test('a quota is kept to, and says when to come again', async ({ serve }) => {
    const operator = { role: 'operator' as const }
    const identities = [
      { match: 'alice', ...operator, quota: { maxJobs: 1 } },
      { match: 'bob', ...operator, quota: { maxStartsPerMinute: 1 } },
    ]
    const server = await serve({ policy: { identities } })
    const [alice, bob] = [await server.client('alice'), await server.client('bob')]
    const request = { config: { command: ['sleep', '1000'] } }
    await alice.start(request)
    const exceeded = await thrownBy(alice.start(request))
    expect(answerOf(exceeded)).toMatchObject({ code: 'resource_exhausted', reason: 'QUOTA_EXCEEDED' })
    expect(exceeded.findDetails(QuotaFailureSchema)[0]!.violations).toMatchObject([{ subject: 'maxJobs' }])
    await bob.start(request)
    const limited = await thrownBy(bob.start(request))
    expect(answerOf(limited)).toMatchObject({ code: 'resource_exhausted', reason: 'RATE_LIMITED' })
    expect(Number(limited.findDetails(RetryInfoSchema)[0]!.retryDelay!.seconds)).toBeGreaterThan(50)
  })
})

async function thrownBy(call: Promise<unknown>): Promise<ConnectError> {
  return ConnectError.from(await call.catch((error: unknown) => error))
}

describe('a mistake', () => {
  test('is told with the field, what it was and what is accepted', async ({ server }) => {
    const alice = await server.client('alice')
    const cases = [
      ['config', () => alice.start({})],
      ['config.command', () => alice.start({ config: {} })],
      ['config.limits.memory_max', () => alice.start({ config: { command: ['true'], limits: { memoryMax: '5X' } } })],
      ['config.timeout', () => alice.start({ config: { command: ['true'], timeout: { seconds: -1n } } })],
      ['config.env["A"]', () => alice.start({ config: { command: ['true'], env: { A: 'x\0' } } })],
      ['config.name', () => alice.start({ config: { command: ['true'], name: 'web:2' } })],
      ['restart.mode', () => alice.start({ config: { command: ['true'] }, restart: {} })],
      [
        'restart.backoff',
        () =>
          alice.start({ config: { command: ['true'] }, restart: { mode: RestartMode.ALWAYS, backoff: { nanos: 1 } } }),
      ],
      ['request_id', () => alice.start({ requestId: 'x'.repeat(129), config: { command: ['true'] } })],
      ['page_size', () => alice.list({ pageSize: 1001 })],
      ['page_token', () => alice.list({ pageToken: 'x' })],
      ['states[0]', () => alice.list({ states: [99 as never] })],
      ['name', () => alice.get({})],
      ['interval', () => Array.fromAsync(alice.stats({ interval: { nanos: 1 } }))],
    ] as const
    for (const [field, call] of cases) {
      const answer = await errorOf(call())
      expect(answer).toMatchObject({ code: 'invalid_argument', reason: 'INVALID_OPTION', fields: [field] })
      expect(Object.keys(answer.metadata).toSorted()).toEqual(['accepted', 'option', 'received'])
    }
  })

  test('of a request about a job is told alike', async ({ server }) => {
    const alice = await server.client('alice')
    await alice.start({ config: { command: ['sleep', '1000'], name: 'web' } })
    const name = 'web'
    const cases = [
      ['signal', () => alice.kill({ name, signal: 'SIGNONE' })],
      ['signal', () => alice.stop({ name, signal: 'SIGNONE' })],
      ['grace', () => alice.stop({ name, grace: { seconds: 2n ** 31n } })],
      ['tail', () => Array.fromAsync(alice.output({ name, offset: 5n, tail: 5 }))],
      ['offset', () => Array.fromAsync(alice.output({ name, offset: 2n ** 60n }))],
      ['limits', () => alice.update({ name })],
      ['limits.cpu_weight', () => alice.update({ name, limits: { cpuWeight: 0 } })],
      ['size', () => alice.resize({ name })],
      ['config', () => alice.exec({ name })],
      ['config.cwd', () => alice.exec({ name, config: { command: ['true'], cwd: 'relative' } })],
      ['data', () => alice.writeInput({ name, data: new Uint8Array(1024 * 1024 + 1) })],
      ['path', () => Array.fromAsync(alice.collected({ name }))],
      ['force', () => alice.remove({ name })],
    ] as const
    for (const [field, call] of cases) {
      expect([field, await errorOf(call())]).toMatchObject([field, { code: 'invalid_argument', fields: [field] }])
    }
  })

  test('a field that this daemon does not know is not passed over', async ({ server }) => {
    const alice = await server.client('alice')
    const config = { command: ['true'], isolation: {} }
    const request = create(JobService.method.start.input, { config })
    // Field 999, a string.
    request.config!.isolation!.$unknown = [{ no: 999, wireType: 2, data: new Uint8Array([1, 65]) }]
    const answer = await errorOf(alice.start(request))
    expect(answer).toMatchObject({ code: 'invalid_argument', fields: ['config.isolation'] })
    expect(answer.message).toContain('field number 999')
  })
})

test('other failures have their codes and reasons', async ({ server }) => {
  const alice = await server.client('alice')
  const missing = await errorOf(alice.start({ config: { command: ['/no/such/program'] } }))
  expect(missing).toMatchObject({ code: 'failed_precondition', reason: 'COMMAND_NOT_FOUND' })
  expect(missing.metadata).toEqual({ syscall: 'exec', path: '/no/such/program', errno: 'ENOENT' })
  const cwd = await errorOf(alice.start({ config: { command: ['true'], cwd: '/no/such/folder' } }))
  expect(cwd).toMatchObject({ code: 'failed_precondition', reason: 'CWD_UNUSABLE' })
  await alice.start({ config: { command: ['true'], name: 'web' } })
  await alice.wait({ name: 'web' })
  const ended = await errorOf(alice.kill({ name: 'web', signal: 'SIGHUP' }))
  expect(ended).toMatchObject({ code: 'failed_precondition', reason: 'JOB_ENDED', metadata: { jobName: 'web' } })
  expect(ended.metadata['attempted']).toContain('SIGHUP')
  const changes = await errorOf(Array.fromAsync(alice.changes({ name: 'web' })))
  expect(changes).toMatchObject({ code: 'failed_precondition', reason: 'NO_CHANGES' })
  const input = await errorOf(alice.writeInput({ name: 'web', data: new Uint8Array([1]) }))
  expect(input).toMatchObject({ code: 'failed_precondition' })
  expect(server.failures).toEqual([])
})

test('a request has an id, in the answer and in the log', async ({ server }) => {
  const alice = await server.client('alice', 'connect')
  const idOf = async (given?: string) => {
    let id: string | null = null
    const headers = given === undefined ? {} : { 'x-request-id': given }
    await alice.list({}, { headers, onHeader: (header) => (id = header.get('x-request-id')) })
    return id
  }
  expect(await idOf('mine-1')).toBe('mine-1')
  expect(await idOf()).toMatch(/^[0-9a-f-]{36}$/)
  expect(await idOf('not "sane"')).toMatch(/^[0-9a-f-]{36}$/)
  const headers = { 'x-request-id': 'mine-2' }
  for (const protocol of ['grpc', 'connect'] as const) {
    const client = await server.client('alice', protocol)
    const calls = [
      async () => client.get({ name: 'none' }, { headers }),
      async () => Array.fromAsync(client.output({ name: 'none' }, { headers })),
    ]
    for (const call of calls) expect((await thrownBy(call())).metadata.get('x-request-id')).toBe('mine-2')
  }
})

test('a failure of ours says no more than where to look', async ({ server, jobs }) => {
  const alice = await server.client('alice', 'connect')
  await alice.start({ config: { command: ['true'], name: 'web' } })
  await alice.wait({ name: 'web' })
  // Only something that nobody has thought of comes to this.
  jobs.status = async () => {
    throw new Error('at /secret/place')
  }
  const error = await alice
    .get({ name: 'web' }, { headers: { 'x-request-id': 'r-5' } })
    .catch((error: unknown) => error as ConnectError)
  expect(answerOf(error)).toEqual({
    code: 'internal',
    reason: 'INTERNAL',
    message: 'the daemon has failed; its log has more on request r-5',
    metadata: { requestId: 'r-5' },
    fields: [],
  })
  expect(server.failures).toMatchObject([{ requestId: 'r-5', method: 'Get', err: expect.any(Error) }])
})

test('a request that is too large is refused, and a deadline kept', async ({ serve }) => {
  const server = await serve({ limits: { maxMessageBytes: 64 * 1024 } })
  for (const protocol of ['grpc', 'connect'] as const) {
    const alice = await server.client('alice', protocol)
    const large = { config: { command: ['true', 'x'.repeat(128 * 1024)] } }
    expect(await errorOf(alice.start(large))).toMatchObject({ code: 'resource_exhausted' })
    const name = `sleeper-${protocol}`
    await alice.start({ config: { command: ['sleep', '1000'], name } })
    const call = await callOf(server, 'alice', protocol)
    const waits = [
      [JobService.method.wait, { name }],
      [JobService.method.output, { name, follow: true }],
      [JobService.method.watch, {}],
    ] as const
    for (const [method, request] of waits) {
      const error = await call(method)(request, { timeoutMs: 100 }).catch((error: unknown) => error)
      expect(ConnectError.from(error).code).toBe(Code.DeadlineExceeded)
    }
  }
  await eventually(() => expect(Object.fromEntries(server.streams)).toEqual({ Wait: 0, Output: 0, Watch: 0 }))
})

test('what is changed is in the audit log, without secrets', async ({ server }) => {
  const alice = await server.client('alice')
  const secret = 'hunter2'
  const files = { 'a.txt': { data: Buffer.from(secret) } }
  const config = { command: ['cat'], name: 'web', env: { TOKEN: secret }, files, stdin: stdinOf(secret) }
  await alice.start({ config: { ...config, workdir: {} } })
  await alice.wait({ name: 'web' })
  await errorOf(alice.kill({ name: 'web', signal: 'SIGHUP' }))
  await alice.remove({ name: 'web' })
  await alice.list({})
  const lines = await server.auditLines()
  expect(lines).toMatchObject([
    { method: 'start', job: 'web', outcome: 'ok', identity: 'alice', from: '192.0.2.1:4000' },
    { method: 'kill', job: 'web', outcome: 'failed_precondition', reason: 'JOB_ENDED' },
    { method: 'remove', job: 'web', outcome: 'ok' },
  ])
  expect(JSON.stringify(lines)).not.toContain(secret)
})

function stdinOf(text: string) {
  return { from: { case: 'data' as const, value: Buffer.from(text) } }
}
