import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import type { CgroupRunner } from '@corral/runner'
import { describe, expect } from 'vitest'

import { killHard, launcherOf, parentOf, statField } from '../faults/host.ts'
import { readText, runJob, startReady, untilOutput } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

const MiB = 1024 * 1024

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Chunks of 64 KiB, and how many have been taken of them. */
class Chunks {
  taken = 0
  closed = false
  readonly #count: number

  constructor(bytes: number) {
    this.#count = bytes / 65_536
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (this.taken < this.#count) yield Buffer.alloc(65_536, this.taken++)
    } finally {
      this.closed = true
    }
  }
}

/** Waits until a job's command has stopped itself: to have it go on earlier would be for nothing. */
async function untilStopped(runner: CgroupRunner, name: string): Promise<void> {
  const { pid } = await runner.status(name)
  await eventually(() => expect(statField(pid!, 3)).toBe('T'))
}

/** A stream that says what it is told to, and ends when it is told to. */
function openStream(): { stream: Readable; say: (text: string | null) => void } {
  const stream = new Readable({ read() {} })
  return { stream, say: (text) => void stream.push(text) }
}

describe('what a command reads', () => {
  test('is nothing when nothing is said', async ({ runner }) => {
    expect((await runJob(runner, { command: ['cat'] })).output).toBe('')
    expect((await runJob(runner, { command: ['readlink', '/proc/self/fd/0'] })).output).toBe('/dev/null\n')
  })

  test.for([
    ['a text', 'häß\n'],
    ['no text', ''],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['no bytes', new Uint8Array()],
  ] as const)('is %s', async ([, stdin], { runner }) => {
    const { output } = await runJob(runner, { command: ['od', '-An', '-tx1'], stdin })
    expect(output.replaceAll(/\s/g, '')).toBe(Buffer.from(stdin as string).toString('hex'))
  })

  test('is as long as it is', async ({ runner }) => {
    const bytes = Buffer.alloc(20 * MiB, 'corral')
    expect((await runJob(runner, { command: ['sha256sum'], stdin: bytes })).output).toBe(`${sha256(bytes)}  -\n`)
  })

  test('can be read from where one likes when it is no stream', async ({ runner }) => {
    const command = sh('tail -c 4; head -c 1 /dev/stdin')
    expect((await runJob(runner, { command, stdin: 'first last' })).output).toBe('lastf')
  })

  test('is a stream, of Node or of the web, or any other', async ({ runner, folder }) => {
    await writeFile(join(folder, 'file'), 'from a file\n')
    const streams = [
      createReadStream(join(folder, 'file')),
      new Blob(['from a file\n']).stream(),
      (async function* () {
        yield 'from '
        yield Buffer.from('a file\n')
      })(),
    ]
    for (const stdin of streams)
      expect((await runJob(runner, { command: ['cat'], stdin })).output).toBe('from a file\n')
  })

  test('arrives as it is sent, and ends when the stream does', async ({ runner }) => {
    const { stream, say } = openStream()
    const name = await runner.start({
      command: sh('while read line; do echo "got $line"; done; echo end'),
      stdin: stream,
    })
    for (const word of ['one', 'two']) {
      say(`${word}\n`)
      await untilOutput(runner, name, `got ${word}\n`)
    }
    say(null)
    expect((await runner.wait(name)).state).toBe('exited')
    expect(await readText(runner, name)).toBe('got one\ngot two\nend\n')
  })

  test('is for a user of its own to open anew', async ({ runner }) => {
    const command = sh('cat /dev/stdin')
    const { output } = await runJob(runner, { command, user: 'nobody', stdin: new Chunks(65_536) })
    expect(output).toHaveLength(65_536)
  })
})

describe('a stream', () => {
  test('of 100 MiB arrives as it was', { timeout: 120_000 }, async ({ runner }) => {
    const hash = createHash('sha256')
    for await (const chunk of new Chunks(100 * MiB)) hash.update(chunk)
    const { output } = await runJob(runner, { command: ['sha256sum'], stdin: new Chunks(100 * MiB) })
    expect(output).toBe(`${hash.digest('hex')}  -\n`)
  })

  test('is read only as fast as the job reads', async ({ runner }) => {
    const chunks = new Chunks(32 * MiB)
    const name = await startReady(runner, { command: sh('echo ready; kill -STOP $$; exec wc -c'), stdin: chunks })
    await untilStopped(runner, name)
    await eventually(() => expect(chunks.taken).toBeGreaterThan(0))
    // Neither here nor in init more than a buffer's worth is kept.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(chunks.taken * 65_536).toBeLessThan(2 * MiB)
    await runner.kill(name, 'SIGCONT')
    await runner.wait(name)
    expect(await readText(runner, name)).toBe(`ready\n${32 * MiB}\n`)
  })

  test('that is not read to its end is no failure, and is closed', async ({ runner }) => {
    const chunks = new Chunks(1024 * MiB)
    const { output, status } = await runJob(runner, { command: ['head', '-c', '3'], stdin: chunks })
    expect({ output, state: status.state }).toEqual({ output: '\0\0\0', state: 'exited' })
    await eventually(() => expect(chunks.closed).toBe(true))
  })

  test('that is not read at all keeps no job from ending', async ({ runner }) => {
    const chunks = new Chunks(1024 * MiB)
    const name = await runner.start({ command: ['sleep', '1000'], stdin: chunks })
    expect(await runner.stop(name)).toMatchObject({ state: 'stopped' })
    await eventually(() => expect(chunks.closed).toBe(true))
    const silent = openStream()
    expect((await runJob(runner, { command: ['true'], stdin: silent.stream })).status.state).toBe('exited')
    await eventually(() => expect(silent.stream.destroyed).toBe(true))
  })

  test('that fails ends the job, and its waiters are told', async ({ runner }) => {
    const cause = new Error('the disk is on fire')
    const stdin = (async function* () {
      yield 'half'
      throw cause
    })()
    const name = await runner.start({ command: sh('cat; sleep 1000'), stdin })
    await expect(runner.wait(name)).rejects.toMatchObject({ code: 'STDIN_FAILED', cause })
    expect(await runner.status(name)).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
  })

  test('is not touched when the job cannot be started', async ({ runner }) => {
    const chunks = new Chunks(MiB)
    await expect(runner.start({ command: ['/nowhere'], stdin: chunks })).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
    })
    expect(chunks.taken).toBe(0)
  })
})

describe('a file', () => {
  test('is what the job reads, wherever it is, and nothing that root in it can write', async ({ runner, folder }) => {
    const file = join(folder, 'input')
    await writeFile(file, 'content\n')
    const write = 'echo changed > /proc/self/fd/0'
    // On the host that works.
    const host = join(folder, 'host')
    await writeFile(host, 'content\n')
    execFileSync('sh', ['-c', `{ ${write}; } < ${host}`])
    expect(await readFile(host, 'utf8')).toBe('changed\n')
    const { output } = await runJob(runner, { command: sh(`cat; { ${write}; } 2>&1`), stdin: { file } })
    expect(output).toMatch(/^content\n.*Read-only file system\n$/)
    expect(await readFile(file, 'utf8')).toBe('content\n')
  })

  test('can be a device', async ({ runner }) => {
    const { output } = await runJob(runner, { command: ['head', '-c', '2'], stdin: { file: '/dev/zero' } })
    expect(output).toBe('\0\0')
  })

  test('must be one, and one that is there', async ({ runner, folder }) => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    await mkdir(join(folder, 'folder'))
    for (const file of ['fifo', 'folder', 'nothing'].map((name) => join(folder, name)).concat('relative')) {
      await expect(runner.start({ command: ['cat'], stdin: { file } })).rejects.toMatchObject({ option: 'stdin.file' })
    }
    for (const stdin of [1, null, {}, ['a']]) {
      await expect(runner.start({ command: ['cat'], stdin: stdin as never })).rejects.toMatchObject({ option: 'stdin' })
    }
  })
})

describe('when somebody is killed', () => {
  test('the launcher: the stream goes on', async ({ runner }) => {
    const { stream, say } = openStream()
    const name = await runner.start({ command: ['cat'], stdin: stream })
    say('before\n')
    await untilOutput(runner, name, 'before\n')
    killHard(await launcherOf(runner.storageRoot))
    say('after\n')
    await untilOutput(runner, name, 'after\n')
    say(null)
    expect((await runner.wait(name)).state).toBe('exited')
  })

  test('init: the stream is closed, and the job is lost', async ({ runner }) => {
    const { stream, say } = openStream()
    const name = await runner.start({ command: ['cat'], stdin: stream })
    say('before\n')
    await untilOutput(runner, name, 'before\n')
    killHard(parentOf((await runner.status(name)).pid!))
    expect((await runner.wait(name)).state).toBe('lost')
    say('after\n')
    await eventually(() => expect(stream.destroyed).toBe(true))
  })

  test('the runner leaves: the job has all bytes, and a stream ends', async ({ openRunner }) => {
    const runner = await openRunner({ onExit: 'keep' })
    const bytes = Buffer.alloc(MiB, 'x')
    const [whole, cut] = await Promise.all([
      runner.start({ command: sh('kill -STOP $$; exec wc -c'), stdin: bytes }),
      runner.start({ command: ['cat'], stdin: openStream().stream }),
    ])
    await runner.close()
    const later = await openRunner({ onExit: 'keep' })
    await untilStopped(later, whole)
    await later.kill(whole, 'SIGCONT')
    expect(await readText(later, whole)).toBe(`${MiB}\n`)
    expect((await later.wait(cut)).state).toBe('exited')
  })
})
