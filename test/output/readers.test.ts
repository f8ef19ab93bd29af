import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { CgroupRunner } from '@corral/runner'
import { describe, expect } from 'vitest'

import { countWatches } from '../support/descriptors.ts'
import { readText, runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

const forever = sh('echo ready; exec sleep 1000')
const MiB = 2 ** 20

describe('a reader that goes', () => {
  test('by break lets go of what it held', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    const before = countWatches()
    for await (const chunk of runner.output(name)) {
      expect(Buffer.from(chunk).toString()).toBe('ready\n')
      break
    }
    await eventually(() => expect(countWatches()).toBe(before))
    expect((await runner.status(name)).active).toBe(true)
  })

  test('by AbortSignal ends with its reason, while it waits', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    const controller = new AbortController()
    const text = readText(runner, name, { signal: controller.signal })
    const other = readText(runner, name)
    await watched()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(text).rejects.toBe(reason)
    await runner.kill(name, 'SIGTERM')
    expect(await other).toBe('ready\n')
  })

  test('by a signal that was aborted before never begins', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    await expect(readText(runner, name, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('by cancel() ends the read that waits', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    const reader = runner.output(name, { tail: 0 }).getReader()
    const read = reader.read()
    await watched()
    await reader.cancel()
    expect(await read).toMatchObject({ done: true })
  })

  test('does so also when it never read', async ({ runner }) => {
    const name = await startReady(runner, { command: forever })
    await runner.output(name).cancel()
    await runner.output(name).cancel('a reason')
  })

  test('with its own buffer is given bytes in it', async ({ runner }) => {
    const { name } = await runJob(runner, { command: sh('printf 0123456789') })
    const reader = runner.output(name).getReader({ mode: 'byob' })
    const parts: string[] = []
    for (let buffer = new ArrayBuffer(4); ;) {
      const { value, done } = await reader.read(new Uint8Array(buffer))
      if (done) break
      parts.push(Buffer.from(value).toString())
      buffer = value.buffer
    }
    expect(parts).toEqual(['0123', '4567', '89'])
  })
})

describe('many readers', () => {
  test(
    'of one job, 500 of them, get the same bytes, with one watch between them',
    { timeout: 240_000 },
    async ({ runner }) => {
      const script = 'trap "seq 1 20000; exit" USR1; echo ready; while :; do sleep 0.01; done'
      const name = await startReady(runner, { command: sh(script) })
      const before = countWatches()
      const digests = Array.from({ length: 500 }, async () => digest(runner, name))
      await eventually(() => expect(countWatches()).toBe(before + 1))
      await runner.kill(name, 'SIGUSR1')
      const expected = createHash('sha256').update('ready\n')
      for (let number = 1; number <= 20_000; number++) expected.update(`${number}\n`)
      expect(new Set(await Promise.all(digests))).toEqual(new Set([expected.digest('hex')]))
      await eventually(() => expect(countWatches()).toBe(before))
    },
  )

  test('of several jobs have a watch for each job', async ({ runner }) => {
    const names = await Promise.all([1, 2, 3].map(async () => startReady(runner, { command: forever })))
    const before = countWatches()
    const readers = names.flatMap((name) => [1, 2, 3, 4].map(() => runner.output(name).getReader()))
    for (const reader of readers) await reader.read()
    const waiting = readers.map(async (reader) => reader.read())
    await eventually(() => expect(countWatches()).toBe(before + 3))
    await Promise.all(readers.map(async (reader) => reader.cancel()))
    await Promise.all(waiting)
    await eventually(() => expect(countWatches()).toBe(before))
  })

  test('of a job of another runner get all of it', async ({ runner, openRunner }) => {
    const other = await openRunner()
    const name = await runner.start({ command: ['seq', '1', '1000'] })
    const texts = await Promise.all([readText(other, name), readText(runner, name), readText(other, name)])
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toMatch(/^1\n2\n.*\n1000\n$/s)
  })
})

describe('a reader that stops reading', () => {
  test('costs no memory, and does not hold up the job or other readers', async ({ runner }) => {
    const bytes = 64 * MiB
    const name = await runner.start({ command: sh('head -c "$1" /dev/zero; echo done', String(bytes)) })
    const lazy = Array.from({ length: 10 }, () => runner.output(name).getReader())
    for (const reader of lazy) await reader.read()
    const before = heldBytes()
    let length = 0
    for await (const chunk of runner.output(name)) length += chunk.length
    // What the ten have left unread is 640 MiB.
    const held = heldBytes() - before
    for (const reader of lazy) await reader.cancel()
    expect(length).toBe(bytes + 5)
    expect(held).toBeLessThan(16 * MiB)
    expect(await runner.wait(name)).toMatchObject({ state: 'exited', exitStatus: 0 })
  })

  test('finds everything when it goes on after the end', async ({ runner }) => {
    const name = await runner.start({ command: [program('write-once'), '4000000'] })
    const reader = runner.output(name).getReader()
    let { length } = (await reader.read()).value!
    await runner.wait(name)
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      length += value.length
    }
    expect(length).toBe(4_000_000)
  })
})

describe('what the job does to its output', () => {
  test('such as closing it, does not end it or its readers', async ({ runner }) => {
    const name = await runner.start({
      command: sh('trap "exit 8" TERM; echo before; exec >&- 2>&-; while :; do sleep 0.01; done'),
    })
    await untilOutput(runner, name, 'before\n')
    const text = readText(runner, name)
    expect((await runner.status(name)).active).toBe(true)
    await runner.kill(name, 'SIGTERM')
    expect(await text).toBe('before\n')
    expect(await runner.wait(name)).toMatchObject({ exitStatus: 8 })
  })

  test('such as leaving a daemon with it open, does not hold up its readers', async ({ runner }) => {
    const { output, status } = await runJob(runner, { command: [program('daemonize')] })
    expect(output).toMatch(/^\d*\n?$/)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
  })

  test('a daemon with a session of its own dies with the job', async ({ runner }) => {
    const name = await runner.start({ command: sh('"$1"; exec sleep 1000', program('daemonize')) })
    await untilOutput(runner, name, /^\d+\n/)
    // The two parents of the daemon are on their way out.
    await eventually(async () => {
      expect((await runner.status(name)).usage!.pids).toBe(2)
    })
    await runner.kill(name, 'SIGTERM')
    expect(await runner.wait(name)).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
  })

  test('is in the file that the description names', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['echo', 'hello'] })
    expect((await stat((await runner.inspect(name)).outputPath)).size).toBe(6)
  })
})

async function digest(runner: CgroupRunner, name: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of runner.output(name)) hash.update(chunk)
  return hash.digest('hex')
}

/** Waits until somebody waits for output. */
async function watched(): Promise<void> {
  await eventually(() => expect(countWatches()).toBeGreaterThan(0))
}

/** The bytes that this process holds in buffers, once those that nobody has any more are gone. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().arrayBuffers
}
