import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import type { Runner } from '@corral/client'
import {
  CgroupRunner,
  CorralError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
  type JobConfig,
  type OutputOptions,
} from '@corral/runner'
import { describe, expect, expectTypeOf } from 'vitest'

import { sh } from '../support/programs.ts'
import { test as base } from './client-test.ts'

const here = base.extend<{ either: Runner }>({ either: async ({ runner }, use) => use(runner) })
const there = base.extend<{ either: Runner }>({ either: async ({ remote }, use) => use(remote) })

const forever = ['sleep', '1000']

base('the library is a runner', () => {
  expectTypeOf<CgroupRunner>().toExtend<Runner>()
})

// The same of both: a program that works with one works with the other.
describe.for([
  ['the library', here],
  ['a daemon', there],
] as const)('%s', ([, test]) => {
  test('runs a command, and tells how it ended', async ({ either }) => {
    const name = await either.start({ command: sh('echo out; echo err >&2; exit 3'), labels: { kind: 'build' } })
    expect(await textOf(either, name)).toBe('out\nerr\n')
    const status = await either.wait(name)
    expect(status).toMatchObject({ name, state: 'exited', active: false, exitStatus: 3, signal: null, pid: null })
    expect(status.startedAt).toBeInstanceOf(Date)
    expect(status.usage?.memoryPeakBytes).toBeGreaterThan(0)
    expect(await either.inspect(name)).toMatchObject({ labels: { kind: 'build' }, spec: { cwd: '/' } })
  })

  test('tells of signals, time-outs and memory', async ({ either }) => {
    const ends = async (config: JobConfig): Promise<object> => either.wait(await either.start(config))
    expect(await ends({ command: sh('kill -USR1 $$') })).toMatchObject({ state: 'signaled', signal: 'SIGUSR1' })
    expect(await ends({ command: forever, timeoutMs: 50 })).toMatchObject({ state: 'timed-out', timedOut: true })
  })

  test('gives output from an offset, its tail, and what there is so far', async ({ either }) => {
    const name = await either.start({ command: sh('printf "1\\n2\\n3\\n"') })
    await either.wait(name)
    expect(await textOf(either, name, { from: 2 })).toBe('2\n3\n')
    expect(await textOf(either, name, { tail: 1 })).toBe('3\n')
    expect(await textOf(either, name, { tail: 0 })).toBe('')
    expect(await textOf(either, name, { follow: false, from: 5 })).toBe('\n')
    let start: number | undefined
    await textOf(either, name, { tail: 2, onStart: (offset) => (start = offset) })
    expect(start).toBe(2)
  })

  test('gives output as it is written', async ({ either }) => {
    const name = await either.start({ command: sh('echo one; read line; echo $line'), stdin: from(['x\n']) })
    expect(await textOf(either, name)).toBe('one\nx\n')
  })

  test('fills the buffers that a reader brings', async ({ either }) => {
    const name = await either.start({ command: sh('printf abcdef') })
    const reader = either.output(name).getReader({ mode: 'byob' })
    const parts: string[] = []
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(4))
      if (done) break
      parts.push(Buffer.from(value).toString())
    }
    expect(parts.join('')).toBe('abcdef')
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(4)
  })

  test('says what was dropped of an output', async ({ either }) => {
    const name = await either.start({ command: sh('seq 1000000'), outputMax: '1M' })
    const { outputBytes } = await either.wait(name)
    const all = 6_888_896
    expect(outputBytes).toBe(all)
    const gaps: { offset: number; bytes: number }[] = []
    const text = await textOf(either, name, { onDropped: (gap) => gaps.push(gap) })
    expect(gaps).toHaveLength(1)
    const [{ offset, bytes }] = gaps as [(typeof gaps)[0]]
    expect(text.length + bytes).toBe(all)
    expect(text.slice(offset)).toMatch(/\n1000000\n$/)
    const told = `\n[corral: ${bytes} bytes of output were dropped: outputMax]\n`
    expect(await textOf(either, name)).toBe(text.slice(0, offset) + told + text.slice(offset))
  })

  test('cancels a reader, with its reason', async ({ either }) => {
    const name = await either.start({ command: sh('echo ready; exec sleep 1000') })
    const controller = new AbortController()
    const reader = either.output(name, { signal: controller.signal }).getReader()
    await reader.read()
    const next = reader.read()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
    const other = either.output(name).getReader()
    await other.read()
    await other.cancel()
    await either.stop(name)
  })

  test('waits, unless it is told not to any more', async ({ either }) => {
    const name = await either.start({ command: forever })
    const controller = new AbortController()
    const end = either.wait(name, { signal: controller.signal })
    controller.abort(new Error('no longer'))
    await expect(end).rejects.toThrow('no longer')
    await either.stop(name)
  })

  test('stops jobs, and forgets them unless it is to keep their output', async ({ either }) => {
    const name = await either.start({
      command: sh('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.01; done'),
    })
    await untilOutput(either, name, 'ready')
    const status = await either.stop(name, { graceMs: 10_000, keepOutput: true })
    expect(status).toMatchObject({ state: 'stopped', exitStatus: 0 })
    expect(await textOf(either, name)).toBe('ready\nbye\n')
    expect(await either.stop(name)).toMatchObject({ state: 'stopped' })
    await expect(either.status(name)).rejects.toThrow(JobNotFoundError)
  })

  test('sends signals', async ({ either }) => {
    const name = await either.start({
      command: sh('trap "echo got; exit 5" USR1; echo ready; while :; do sleep 0.01; done'),
    })
    await untilOutput(either, name, 'ready')
    await either.kill(name, 'SIGUSR1')
    expect(await either.wait(name)).toMatchObject({ exitStatus: 5 })
    await expect(either.kill(name, 'SIGTERM')).rejects.toThrow(JobEndedError)
  })

  test('lists jobs by their labels', async ({ either }) => {
    const names = await Promise.all(
      ['a', 'b'].map(async (of) => either.start({ name: `job-${of}`, command: forever, labels: { of, all: '' } })),
    )
    expect((await either.list()).map(({ name }) => name).toSorted()).toEqual(names)
    expect((await either.list({ of: 'b' })).map(({ name, labels }) => [name, labels])).toEqual([
      ['job-b', { of: 'b', all: '' }],
    ])
    expect(await either.list({ of: 'c' })).toEqual([])
    await Promise.all(names.map(async (name) => either.stop(name)))
  })

  test('freezes, thaws and limits', async ({ either }) => {
    const name = await either.start({ command: forever, memoryMax: '64M' })
    await either.freeze(name)
    await either.thaw(name)
    await either.update(name, { memoryMax: '32M' })
    const description = await either.inspect(name)
    expect(description.spec?.limits.memoryMax).toBe('32M')
    await either.stop(name)
    await expect(either.freeze(name)).rejects.toThrow(JobNotFoundError)
  })

  test.for([
    ['text', 'häß\n'],
    ['bytes', new Uint8Array([104, 105])],
    ['a stream of the web', new Blob(['web']).stream()],
    ["a stream of Node's", Readable.from(['no', 'de'])],
    ['more than a message holds', Buffer.alloc(5 * 1024 * 1024, 'x')],
  ] as const)('feeds its command %s', async ([what, stdin], { either }) => {
    const name = await either.start({ command: ['wc', '-c'], stdin })
    const bytes = { text: 6, bytes: 2, 'a stream of the web': 3, "a stream of Node's": 4 }[what as 'text'] ?? 5_242_880
    expect(await textOf(either, name)).toBe(`${bytes}\n`)
  })

  test('kills a job whose input fails', async ({ either }) => {
    const failing = Readable.from(
      (async function* () {
        yield 'first\n'
        throw new Error('the disk is broken')
      })(),
    )
    const name = await either.start({ command: sh('cat; exec sleep 1000'), stdin: failing })
    const end = either.wait(name)
    await expect(end).rejects.toMatchObject({ name: 'CorralError', code: 'STDIN_FAILED' })
    await expect(end).rejects.toThrow('the disk is broken')
    expect(await either.status(name)).toMatchObject({ signal: 'SIGKILL' })
  })

  test('lets go of an input that its command has closed, and leaves the command alone', async ({ either, folder }) => {
    const closed = Promise.withResolvers<void>()
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(65_536))
      },
      destroy(error, done) {
        closed.resolve()
        done(error)
      },
    })
    const name = await either.start({
      command: sh(`head -c 10 >/dev/null; exec <&-; until [ -e ${folder}/gate ]; do sleep 0.05; done`),
      stdin: endless,
    })
    await closed.promise
    await writeFile(join(folder, 'gate'), '')
    expect(await either.wait(name)).toMatchObject({ exitStatus: 0 })
  })

  test('gives commands terminals', async ({ either }) => {
    const stdin = new Readable({ read() {} })
    const name = await either.start({
      command: sh('stty size; read line; stty size'),
      tty: { columns: 91, rows: 17 },
      stdin,
    })
    await untilOutput(either, name, '17 91')
    await either.resize(name, { columns: 100, rows: 20 })
    stdin.push('\n')
    stdin.push(null)
    expect(await textOf(either, name)).toContain('20 100')
  })

  test('runs further commands', async ({ either }) => {
    const name = await either.start({ command: forever })
    const execution = await either.exec(name, {
      command: sh('cat; echo $$ >&2; exit 4'),
      stdin: from(['into', ' it\n']),
    })
    expect(execution).toMatchObject({ job: name })
    expect(await textOfStream(execution.output())).toMatch(/^into it\n\d+\n$/)
    expect(await execution.wait()).toMatchObject({ state: 'exited', exitStatus: 4 })
    await execution.remove()
    const killed = await either.exec(name, { command: forever })
    await killed.kill('SIGTERM')
    expect(await killed.wait()).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
    await expect(killed.kill('SIGTERM')).rejects.toThrow(JobEndedError)
    const controller = new AbortController()
    const aborted = await either.exec(name, { command: forever, signal: controller.signal })
    controller.abort()
    expect(await aborted.wait()).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
    const last = await either.exec(name, { command: forever })
    await either.stop(name, { keepOutput: true })
    expect(await last.wait()).toMatchObject({ state: 'job-ended' })
  })

  test('collects files, and lists what a job has changed', async ({ either }) => {
    const name = await either.start({
      command: sh('echo made > made; mkdir /srv/new; echo x > /srv/new/file'),
      workdir: 'private',
      files: { given: 'content' },
      collect: ['made', 'given', 'nothing'],
      isolation: { root: 'overlay', keepChanges: true },
    })
    const { collected } = await either.wait(name)
    expect(collected.map(({ path, files, omitted }) => [path, files, omitted?.errno])).toEqual([
      ['/tmp/work/made', 1, undefined],
      ['/tmp/work/given', 1, undefined],
      ['/tmp/work/nothing', 0, 'ENOENT'],
    ])
    const { collectedPath } = await either.inspect(name)
    expect(await readFile(join(collectedPath!, 'tmp/work/made'), 'utf8')).toBe('made\n')
    const changes = await Array.fromAsync(either.changes(name))
    expect(changes).toContainEqual({ kind: 'added', path: '/srv/new/file', type: 'file' })
  })

  test('tells what happens', async ({ either }) => {
    const controller = new AbortController()
    const events = either.events({ signal: controller.signal })[Symbol.asyncIterator]()
    const name = await either.start({ command: sh('exit 1') })
    const told = async (type: string): Promise<object> => {
      for (;;) {
        const { value } = await events.next()
        if (value.type === type) return value
      }
    }
    expect(await told('started')).toMatchObject({ name, pid: expect.any(Number) })
    expect(await told('exited')).toMatchObject({ name, status: { exitStatus: 1 } })
    await either.stop(name)
    expect(await told('removed')).toMatchObject({ name })
    const next = events.next()
    controller.abort(new Error('heard enough'))
    await expect(next).rejects.toThrow('heard enough')
  })

  test('leaves an iteration over events', async ({ either }) => {
    const name = await either.start({ command: sh('exit 0') })
    const events = either.events()
    void either.stop(name)
    for await (const event of events) if (event.type === 'removed') break
    const idle = either.events()[Symbol.asyncIterator]()
    const next = idle.next()
    await idle.return?.()
    expect(await next).toMatchObject({ done: true })
  })

  test('ends its events when it is closed', async ({ either }) => {
    const events = either.events()[Symbol.asyncIterator]()
    const next = events.next()
    // What is told begins before this is answered.
    await either.list()
    await either.close()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  describe('refuses', () => {
    test.for([
      [{ command: [] }, 'command'],
      [{ command: 'ls' }, 'command'],
      [{ command: ['ls'], comand: ['ls'] }, 'comand'],
      [{ command: ['ls'], memoryMax: 'much' }, 'memoryMax'],
      [{ command: ['ls'], isolation: { profile: 'stern' } }, 'isolation.profile'],
      [{ command: ['ls'], files: { '../x': '' } }, 'files'],
      [{ command: ['ls'], stdin: 7 }, 'stdin'],
      [{ command: ['ls'], timeoutMs: -1 }, 'timeoutMs'],
      [{ command: ['ls'], stopSignal: 'SIGNOTHING' }, 'stopSignal'],
    ])('%j', async ([config, option], { either }) => {
      const start = either.start(config as unknown as JobConfig)
      await expect(start).rejects.toThrow(InvalidOptionError)
      await expect(start).rejects.toMatchObject({ option })
    })

    test('what cannot be run', async ({ either }) => {
      const missing = either.start({ command: ['/no/such/program'] })
      await expect(missing).rejects.toThrow(CorralError)
      await expect(missing).rejects.toMatchObject({
        code: 'COMMAND_NOT_FOUND',
        syscall: 'exec',
        path: '/no/such/program',
        errno: 'ENOENT',
        message: expect.stringContaining('could not execute the command /no/such/program: no such file or directory'),
      })
      expect(await either.list()).toEqual([])
    })

    test('a name that is taken', async ({ either }) => {
      await either.start({ name: 'mine', command: forever })
      const again = either.start({ name: 'mine', command: forever })
      await expect(again).rejects.toThrow(JobNameTakenError)
      await expect(again).rejects.toMatchObject({ jobName: 'mine' })
      await either.stop('mine')
    })

    test('jobs that are not there', async ({ either }) => {
      const attempts: (() => Promise<unknown>)[] = [
        () => either.status('nobody'),
        () => either.inspect('nobody'),
        () => either.wait('nobody'),
        () => either.stop('nobody'),
        () => either.kill('nobody', 'SIGTERM'),
        () => either.freeze('nobody'),
        () => either.update('nobody', { pidsMax: 5 }),
        () => either.exec('nobody', { command: ['ls'] }),
        () => either.resize('nobody', { columns: 1, rows: 1 }),
        () => textOf(either, 'nobody'),
        () => Array.fromAsync(either.changes('nobody')),
      ]
      for (const attempt of attempts) {
        const error: unknown = await attempt().catch((error: unknown) => error)
        expect(error).toBeInstanceOf(JobNotFoundError)
        expect(error).toMatchObject({ jobName: 'nobody' })
      }
    })

    test('changes that are not kept, and terminals that are not there', async ({ either }) => {
      const name = await either.start({ command: forever })
      await expect(Array.fromAsync(either.changes(name))).rejects.toThrow(NoChangesError)
      await expect(either.resize(name, { columns: 1, rows: 1 })).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
      await either.stop(name)
    })

    test('options of output that there are none of', async ({ either }) => {
      expect(() => either.output('x', { form: 1 } as OutputOptions)).toThrow(InvalidOptionError)
      expect(() => either.output('x', { from: -1 })).toThrow(InvalidOptionError)
      expect(() => either.output('x', { from: 1, tail: 1 })).toThrow(InvalidOptionError)
    })

    test('everything once it is closed', async ({ either }) => {
      await either.close()
      await expect(either.start({ command: forever })).rejects.toMatchObject({ code: 'CLOSED' })
    })
  })
})

async function textOf(runner: Runner, name: string, options?: OutputOptions): Promise<string> {
  return textOfStream(runner.output(name, options))
}

async function textOfStream(stream: ReadableStream<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(stream)).toString()
}

async function untilOutput(runner: Runner, name: string, text: string): Promise<void> {
  let seen = ''
  for await (const chunk of runner.output(name)) if ((seen += Buffer.from(chunk)).includes(text)) return
  throw new Error(`the job ended without printing ${text}: ${seen}`)
}

/** A stream that gives its pieces one by one. */
async function* from(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces
}
