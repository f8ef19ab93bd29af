import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'

import { InvalidOptionError, JobNotFoundError, type OutputOptions } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readBytes, readText, runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

describe('output', () => {
  test('is stdout and stderr in the order in which they were written', async ({ runner }) => {
    const { output } = await runJob(runner, { command: sh('echo one; echo two >&2; echo three; echo four >&2') })
    expect(output).toBe('one\ntwo\nthree\nfour\n')
  })

  test('is empty for a job that writes nothing', async ({ runner }) => {
    expect((await runJob(runner, { command: ['true'] })).output).toBe('')
  })

  test('without a final newline is whole', async ({ runner }) => {
    expect((await runJob(runner, { command: ['printf', 'no newline'] })).output).toBe('no newline')
  })

  test('is any bytes', async ({ runner }) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
    const name = await runner.start({ command: ['printf', octal] })
    expect(await readBytes(runner, name)).toEqual(bytes)
  })

  test('of 10 MB in one write is whole', async ({ runner }) => {
    const name = await runner.start({ command: [program('write-once'), '10000000'] })
    const bytes = await readBytes(runner, name)
    expect(bytes.equals(pattern(10_000_000))).toBe(true)
    expect(await runner.wait(name)).toMatchObject({ exitStatus: 0 })
  })

  test('of a job that ended before the reader came is whole', async ({ runner }) => {
    const { name } = await runJob(runner, { command: sh('echo one; echo two') })
    expect(await readText(runner, name)).toBe('one\ntwo\n')
    expect(await readText(runner, name)).toBe('one\ntwo\n')
  })

  test('of many short jobs is whole, whatever the order of the last write, the exit and the read', async ({
    runner,
  }) => {
    const runs = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => runJob(runner, { command: sh(`printf ${index}; printf last`) })),
    )
    expect(runs.map(({ output }) => output)).toEqual(Array.from({ length: 50 }, (_, index) => `${index}last`))
  })

  test('holds what the job wrote before a signal ended it', async ({ runner }) => {
    const { output } = await runJob(runner, { command: sh('echo before; kill -KILL $$') })
    expect(output).toBe('before\n')
  })

  test('of a job that has been removed is unknown', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['true'] })
    await runner.stop(name)
    await expect(readText(runner, name)).rejects.toThrow(JobNotFoundError)
  })
})

describe('following', () => {
  test('delivers while the job runs', async ({ runner }) => {
    const script = 'echo one; read line <"$1"; echo two; read line <"$1"; echo three'
    const fifo = `${runner.storageRoot}/../fifo`
    execFileSync('mkfifo', [fifo])
    const name = await runner.start({ command: sh(script, fifo) })
    let text = ''
    for await (const chunk of runner.output(name)) {
      text += Buffer.from(chunk).toString()
      if (!/(one|two)\n$/.test(text)) continue
      expect((await runner.status(name)).active).toBe(true)
      const file = await open(fifo, 'w')
      await file.write('go\n')
      await file.close()
    }
    expect(text).toBe('one\ntwo\nthree\n')
  })

  test('ends with the job, also when the reader came first', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    const text = readText(runner, name)
    await runner.kill(name, 'SIGTERM')
    expect(await text).toBe('ready\n')
  })

  test('gives every byte once when the job writes quickly', async ({ runner }) => {
    const name = await runner.start({ command: sh('i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i + 1)); done') })
    const text = await readText(runner, name)
    expect(text).toBe(Array.from({ length: 5000 }, (_, index) => `${index}\n`).join(''))
  })

  test('goes on when the job cuts its output off', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('trap ": >/proc/self/fd/1; echo cut; exit" USR1; echo ready; while :; do sleep 0.01; done'),
    })
    const text = untilOutput(runner, name, 'cut\n')
    await runner.kill(name, 'SIGUSR1')
    expect(await text).toContain('cut\n')
  })
})

describe('a part of the output', () => {
  const lines = sh('printf "one\\ntwo\\nthree\\nfour"')

  test.for([
    [{ from: 0 }, 'one\ntwo\nthree\nfour'],
    [{ from: 4 }, 'two\nthree\nfour'],
    [{ from: 18 }, ''],
    [{ from: 1_000 }, ''],
    [{ tail: 0 }, ''],
    [{ tail: 1 }, 'four'],
    [{ tail: 2 }, 'three\nfour'],
    [{ tail: 4 }, 'one\ntwo\nthree\nfour'],
    [{ tail: 1_000 }, 'one\ntwo\nthree\nfour'],
    [{ tail: 2, follow: false }, 'three\nfour'],
    [{ from: 14, follow: false }, 'four'],
  ] satisfies [OutputOptions, string][])('%j is %j', async ([options, expected], { runner }) => {
    const { name } = await runJob(runner, { command: lines })
    expect(await readText(runner, name, options)).toBe(expected)
  })

  test('by lines counts one that is ended by a newline once', async ({ runner }) => {
    const { name } = await runJob(runner, { command: sh('printf "one\\ntwo\\n\\n"') })
    expect(await readText(runner, name, { tail: 1 })).toBe('\n')
    expect(await readText(runner, name, { tail: 2 })).toBe('two\n\n')
  })

  test('by lines is found in much output', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['seq', '1', '100000'] })
    expect(await readText(runner, name, { tail: 2 })).toBe('99999\n100000\n')
    expect((await readText(runner, name, { tail: 50_000 })).split('\n')).toHaveLength(50_001)
  })

  test('resumes where a reader broke off', async ({ runner }) => {
    const name = await runner.start({ command: [program('write-once'), '1000000'] })
    const parts: Uint8Array[] = []
    for (let done = false; !done;) {
      done = true
      for await (const chunk of runner.output(name, { from: parts.reduce((sum, { length }) => sum + length, 0) })) {
        parts.push(chunk)
        done = false
        break
      }
    }
    expect(Buffer.concat(parts).equals(pattern(1_000_000))).toBe(true)
  })

  test('without following ends where the output ends now', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    expect(await readText(runner, name, { follow: false })).toBe('ready\n')
    expect(await readText(runner, name, { follow: false, tail: 0 })).toBe('')
    expect((await runner.status(name)).active).toBe(true)
  })

  test('of no lines is what is yet to come', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('trap "echo later; exit" USR1; echo ready; while :; do sleep 0.01; done'),
    })
    const reader = runner.output(name, { tail: 0 }).getReader()
    const first = reader.read()
    // The stream has its place once another one, asked for later, has been answered.
    await readText(runner, name, { follow: false })
    await runner.kill(name, 'SIGUSR1')
    expect(Buffer.from((await first).value!).toString()).toBe('later\n')
    await reader.cancel()
  })

  test.for([
    [{ from: -1 }, 'from'],
    [{ from: 1.5 }, 'from'],
    [{ tail: -1 }, 'tail'],
    [{ tail: 1, from: 1 }, 'tail'],
    [{ follow: 'no' }, 'follow'],
    [{ signal: 'stop' }, 'signal'],
    [{ lines: 5 }, 'lines'],
  ] as const)('%j is refused', async ([options, option], { runner }) => {
    const { name } = await runJob(runner, { command: ['true'] })
    const read = async (): Promise<string> => readText(runner, name, options as OutputOptions)
    await expect(read()).rejects.toThrow(InvalidOptionError)
    await expect(read()).rejects.toMatchObject({ option })
  })
})

/** What fixtures/write-once.c writes. */
function pattern(bytes: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: bytes / 4 }, (_, index) => index).buffer)
}
