import {
  ChangeKind,
  type CollectedResponse,
  ExecState,
  FileType,
  JobEventType,
  JobState,
  RestartMode,
  WhenFull,
} from '@corral/api'
import { expect } from 'vitest'

import { data, errorOf, stream, textOf } from './rpc-answers.ts'
import { test } from './rpc-servers.ts'

test('a job is started, followed, waited for and removed', async ({ server }) => {
  const alice = await server.client('alice')
  const { job } = await alice.start({
    config: { command: ['sh', '-c', 'read x; echo "<$x>"'], stdin: data('hello\n') },
  })
  expect(job).toMatchObject({ owner: 'alice', attempt: 1 })
  const chunks = await Array.fromAsync(alice.output({ name: job!.name, follow: true }))
  expect(textOf(chunks)).toBe('<hello>\n')
  expect(chunks.at(-1)).toMatchObject({ nextOffset: 8n, attempt: 1 })
  const ended = await alice.wait({ name: job!.name })
  expect(ended.job).toMatchObject({ state: JobState.EXITED, exitStatus: 0, outputBytes: 8n })
  expect((await alice.remove({ name: job!.name })).job).toMatchObject({ name: job!.name, exitStatus: 0 })
  expect(await errorOf(alice.get({ name: job!.name }))).toMatchObject({ code: 'not_found', reason: 'JOB_NOT_FOUND' })
})

test('a second start with the same request id gives the job of the first', async ({ server }) => {
  const [alice, bob] = [await server.client('alice'), await server.client('bob')]
  const request = { requestId: 'r-1', config: { command: ['true'] } }
  const first = await alice.start(request)
  expect((await alice.start(request)).job!.name).toBe(first.job!.name)
  expect((await bob.start(request)).job!.name).not.toBe(first.job!.name)
  const other = { requestId: 'r-1', config: { command: ['false'] } }
  expect(await errorOf(alice.start(other))).toMatchObject({ code: 'already_exists', reason: 'REQUEST_ID_REUSED' })
})

test('what a start asks for is in what is known of the job', async ({ server }) => {
  const alice = await server.client('alice')
  await alice.start({
    config: { command: ['true'], name: 'web', labels: { app: 'shop' }, limits: { memoryMax: '64M' }, env: { A: 'b' } },
    restart: { mode: RestartMode.ON_FAILURE, maxRestarts: 2 },
    whenFull: WhenFull.REFUSE,
  })
  await alice.wait({ name: 'web' })
  const { job, description } = await alice.get({ name: 'web', describe: true })
  expect(job).toMatchObject({ labels: { app: 'shop' }, restart: { mode: RestartMode.ON_FAILURE, maxRestarts: 2 } })
  expect(description).toMatchObject({ job: { name: 'web' }, spec: { env: { A: 'b' }, limits: { memoryMax: '64M' } } })
  expect(description!.outputPath).toMatch(/\/jobs\/web\/output$/)
})

test('jobs are listed page by page, by labels, states and owners', async ({ server }) => {
  const [alice, bob, ada] = [await server.client('alice'), await server.client('bob'), await server.client('ada')]
  const run = async (client: typeof alice, name: string, labels = {}) => {
    await client.start({ config: { command: ['true'], name, labels } })
    await client.wait({ name })
  }
  for (const name of ['c', 'a', 'e', 'b', 'd']) await run(alice, name, name < 'c' ? { first: name } : {})
  await run(bob, 'aa')
  const names = async (request: Parameters<typeof alice.list>[0], client = alice) =>
    (await client.list(request)).jobs.map(({ name }) => name)
  expect(await names({})).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(await names({}, ada)).toEqual(['a', 'aa', 'b', 'c', 'd', 'e'])
  expect(await names({ owner: 'bob' }, ada)).toEqual(['aa'])
  expect(await names({ owner: 'bob' })).toEqual([])
  expect(await names({ labels: { first: 'b' } })).toEqual(['b'])
  expect(await names({ labelKeys: ['first'] })).toEqual(['a', 'b'])
  expect(await names({ states: [JobState.ACTIVE] })).toEqual([])
  const first = await alice.list({ pageSize: 2 })
  expect(first.jobs.map(({ name }) => name)).toEqual(['a', 'b'])
  // What is removed or started meanwhile moves nothing.
  await alice.remove({ name: 'b' })
  await run(alice, 'aaa')
  const second = await alice.list({ pageSize: 2, pageToken: first.nextPageToken })
  expect(second.jobs.map(({ name }) => name)).toEqual(['c', 'd'])
  const third = await alice.list({ pageSize: 2, pageToken: second.nextPageToken })
  expect([third.jobs.map(({ name }) => name), third.nextPageToken]).toEqual([['e'], ''])
})

test('a job is signalled, frozen, thawed, limited and stopped', async ({ server }) => {
  const alice = await server.client('alice')
  const command = ['sh', '-c', 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done']
  await alice.start({ config: { command, name: 'web' } })
  const output = alice.output({ name: 'web', follow: true })[Symbol.asyncIterator]()
  expect(textOf([(await output.next()).value!])).toBe('ready\n')
  await alice.freeze({ name: 'web' })
  await alice.thaw({ name: 'web' })
  await alice.kill({ name: 'web', signal: 'SIGUSR1' })
  expect(textOf([(await output.next()).value!])).toBe('usr1\n')
  expect((await alice.update({ name: 'web', limits: { pidsMax: '50' } })).job).toMatchObject({ name: 'web' })
  const { job } = await alice.stop({ name: 'web', signal: 'SIGTERM', grace: { seconds: 5n } })
  expect(job).toMatchObject({ state: JobState.STOPPED })
  expect(await output.next()).toMatchObject({ done: true })
})

test('further commands are run, fed, awaited and forgotten', async ({ server }) => {
  const alice = await server.client('alice')
  await alice.start({ config: { command: ['sleep', '1000'], name: 'web' } })
  const { execId, pid } = await alice.exec({ name: 'web', config: { command: ['cat'], stdin: stream } })
  expect(pid).toBeGreaterThan(0)
  const input = { name: 'web', execId }
  expect((await alice.writeInput({ ...input, data: Buffer.from('ab') })).offset).toBe(2n)
  // What was taken already is passed over.
  expect((await alice.writeInput({ ...input, data: Buffer.from('abcd'), end: true })).offset).toBe(4n)
  expect(textOf(await Array.fromAsync(alice.output({ ...input, follow: true })))).toBe('abcd')
  expect((await alice.wait(input)).exec).toMatchObject({ state: ExecState.EXITED, exitStatus: 0 })
  await alice.remove(input)
  const answer = await errorOf(alice.wait(input))
  expect(answer).toMatchObject({ code: 'not_found', reason: 'EXECUTION_NOT_FOUND' })
  expect(answer.metadata).toEqual({ jobName: 'web', executionId: execId })
  const killed = await alice.exec({ name: 'web', config: { command: ['sleep', '1000'] } })
  await alice.kill({ name: 'web', execId: killed.execId, signal: 'SIGINT' })
  expect((await alice.wait({ name: 'web', execId: killed.execId })).exec).toMatchObject({ signal: 'SIGINT' })
})

test('input reaches a job, and a terminal gets another size', async ({ server }) => {
  const alice = await server.client('alice')
  const command = ['sh', '-c', 'trap "stty size" WINCH; read x; echo "got $x"; while :; do sleep 0.05; done']
  await alice.start({ config: { command, name: 'tty', stdin: stream, tty: { columns: 80, rows: 24 } } })
  await alice.writeInput({ name: 'tty', data: Buffer.from('line\n') })
  const output = alice.output({ name: 'tty', follow: true })
  let text = ''
  for await (const { data } of output) {
    text += Buffer.from(data).toString()
    if (text.includes('33 99')) break
    if (text.includes('got line')) await alice.resize({ name: 'tty', size: { columns: 99, rows: 33 } })
  }
  expect(text).toContain('33 99')
})

test('events of jobs are watched, and resumed by a token', async ({ server }) => {
  const [alice, bob] = [await server.client('alice'), await server.client('bob')]
  const watching = alice.watch({})[Symbol.asyncIterator]()
  const first = (await watching.next()).value!
  expect(first.event).toBeUndefined()
  await bob.start({ config: { command: ['true'], name: 'other' } })
  await bob.wait({ name: 'other' })
  await alice.start({ config: { command: ['true'], name: 'web' } })
  const types = [(await watching.next()).value!, (await watching.next()).value!]
  expect(types.map(({ event }) => [event!.type, event!.name])).toEqual([
    [JobEventType.STARTED, 'web'],
    [JobEventType.EXITED, 'web'],
  ])
  expect(types[1]!.event!.job).toMatchObject({ exitStatus: 0, owner: 'alice' })
  await alice.remove({ name: 'web' })
  const resumed: JobEventType[] = []
  for await (const { event } of alice.watch({ resumeToken: types[0]!.resumeToken, name: 'web' })) {
    if (event) resumed.push(event.type)
    if (event?.type === JobEventType.REMOVED) break
  }
  expect(resumed).toEqual([JobEventType.EXITED, JobEventType.REMOVED])
  expect(await errorOf(Array.fromAsync(alice.watch({ resumeToken: 'nonsense' })))).toMatchObject({
    code: expect.stringMatching(/out_of_range|invalid_argument/),
  })
})

test('what jobs use is sampled until the last of them has ended', async ({ server }) => {
  const [alice, bob] = [await server.client('alice'), await server.client('bob')]
  await bob.start({ config: { command: ['sleep', '1000'], name: 'other' } })
  await alice.start({ config: { command: ['sleep', '1000'], name: 'web', limits: { memoryMax: '64M' } } })
  const interval = { nanos: 100_000_000 }
  const seen: string[][] = []
  for await (const { jobs } of alice.stats({ names: ['web'], interval })) {
    seen.push(jobs.map(({ name }) => name))
    if (seen.length === 1) {
      expect(jobs[0]).toMatchObject({ owner: 'alice', limits: { memoryMax: '64M' }, usage: { pids: 1n } })
    }
    if (seen.length === 2) await alice.stop({ name: 'web' })
  }
  expect([seen[0], seen[1], seen.at(-1)]).toEqual([['web'], ['web'], []])
  // Of all jobs it goes on; somebody else's are not among them.
  const begun = performance.now()
  const all = alice.stats({ interval })[Symbol.asyncIterator]()
  expect((await all.next()).value!.jobs).toEqual([])
  expect((await all.next()).value!.jobs).toEqual([])
  expect(performance.now() - begun).toBeGreaterThan(90)
  await all.return?.()
})

test('changes and copies of an ended job are streamed', async ({ server }) => {
  const alice = await server.client('alice')
  const script =
    'mkdir -p out/deep; printf one > out/a; head -c 600000 /dev/zero > out/deep/b; ln -s /etc out/link; echo x > /etc/new'
  const isolation = { root: { case: 'rootMode' as const, value: 'overlay' }, keepChanges: true }
  const config = { command: ['sh', '-c', script], name: 'web', workdir: {}, collect: { paths: ['out'] }, isolation }
  await alice.start({ config })
  await alice.wait({ name: 'web' })
  const changes = (await Array.fromAsync(alice.changes({ name: 'web' }))).flatMap((message) => message.changes)
  expect(changes).toContainEqual(
    expect.objectContaining({ kind: ChangeKind.ADDED, path: '/etc/new', type: FileType.FILE }),
  )
  const copies = await Array.fromAsync(alice.collected({ name: 'web', path: 'out' }))
  expect(entriesOf(copies)).toEqual({ '': 'folder', a: 3, deep: 'folder', 'deep/b': 600_000 })
  expect(entriesOf(await Array.fromAsync(alice.collected({ name: 'web', path: '/tmp/work/out/a' })))).toEqual({ '': 3 })
  for (const path of ['/tmp/work', '/etc', 'out/../../..', 'out/none', '/']) {
    const answer = await errorOf(Array.fromAsync(alice.collected({ name: 'web', path })))
    expect(answer).toMatchObject({ code: 'not_found', reason: 'NOT_COLLECTED', metadata: { jobName: 'web', path } })
  }
})

test('the daemon says what it is, and for whom it takes the caller', async ({ server }) => {
  const victor = await server.client('victor')
  const alice = await server.client('alice')
  await alice.start({ config: { command: ['sleep', '1000'], name: 'web' } })
  const { info } = await alice.info({})
  expect(info).toMatchObject({ identity: 'alice', role: 'operator', draining: false, jobs: { active: 1 } })
  expect(info!.quota).toMatchObject({ jobs: 1 })
  expect((await victor.info({})).info).toMatchObject({ identity: 'victor', role: 'viewer', jobs: {} })
})

/** What was received: of a file the number of its bytes. */
function entriesOf(messages: readonly CollectedResponse[]): Record<string, number | 'folder'> {
  const entries: Record<string, number | 'folder'> = {}
  let current = ''
  for (const { entry, data } of messages) {
    if (entry) {
      current = entry.path
      entries[current] = entry.directory ? 'folder' : 0
    }
    if (data.length > 0) entries[current] = (entries[current] as number) + data.length
  }
  return entries
}
