import { readdirSync, readlinkSync } from 'node:fs'
import { appendFile, mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { type OutputOptions, streamOutput } from './output.ts'

let folder: string
let path: string
let end: () => void
let fail: (error: Error) => void
let ended: Promise<unknown>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-output-'))
  path = join(folder, 'output')
  await writeFile(path, '')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {})
  ;[end, fail, ended] = [resolve, reject, promise]
})

afterEach(async () => {
  await vi.waitFor(() => {
    expect(readdirSync('/proc/self/fd').filter((fd) => target(fd).startsWith(folder))).toEqual([])
  })
  await rm(folder, { recursive: true })
})

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

function stream(options: OutputOptions = {}): ReadableStream<Uint8Array> {
  const job = {
    outputPath: path,
    gapPath: join(folder, 'gap'),
    isKnown: async () => true,
    notFound: () => new Error('not found'),
  }
  return streamOutput(job, options, () => ended)
}

async function textOf(output: ReadableStream<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(output)).toString()
}

/** What init leaves beside an output that has a hole: where that begins is in the file, where it ends is how long it is. */
async function writeGap(head: number, hole: number): Promise<void> {
  await writeFile(join(folder, 'gap'), `head=${head}\0`)
  await truncate(join(folder, 'gap'), Math.max(hole, `head=${head}\0`.length))
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return Buffer.from((await reader.read()).value ?? []).toString()
}

describe('streamOutput', () => {
  it('follows until the end, and reads what was written last', async () => {
    const reader = stream().getReader()
    await appendFile(path, 'one')
    expect(await read(reader)).toBe('one')
    const next = read(reader)
    await appendFile(path, 'two')
    expect(await next).toBe('two')
    await appendFile(path, 'three')
    end()
    expect(await read(reader)).toBe('three')
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })

  it('without follow ends where the output ended at the start', async () => {
    await writeFile(path, 'abc')
    const output = stream({ follow: false, from: 1 })
    const reader = output.getReader()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await appendFile(path, 'def')
    reader.releaseLock()
    expect(await textOf(output)).toBe('bc')
  })

  it('tells of what is dropped before what comes after it, wherever it begins', async () => {
    await writeFile(path, `head${'\0'.repeat(96)}tail`)
    await writeGap(4, 100)
    end()
    for (const [from, expected] of [
      [0, ['start 0', 'head', { offset: 4, bytes: 96 }, 'tail']],
      [3, ['start 3', 'd', { offset: 4, bytes: 96 }, 'tail']],
      [4, ['start 4', { offset: 4, bytes: 96 }, 'tail']],
      [60, ['start 60', { offset: 60, bytes: 40 }, 'tail']],
      [100, ['start 100', 'tail']],
    ] as const) {
      const told: unknown[] = []
      const options = {
        from,
        onStart: (at: number) => told.push(`start ${at}`),
        onDropped: (gap: unknown) => told.push(gap),
      }
      for await (const chunk of stream(options)) told.push(Buffer.from(chunk).toString())
      expect(told).toEqual(expected)
    }
    expect(await textOf(stream())).toBe('head\n[corral: 96 bytes of output were dropped: outputMax]\ntail')
  })

  it('gives nothing of what is dropped between the look at the file and the read', async () => {
    const head = 'a head of 20 bytes.\n'
    await writeFile(path, `${head}${'x'.repeat(80)}`)
    await writeGap(20, 0)
    const gaps: unknown[] = []
    const reader = stream({ onDropped: (gap) => gaps.push(gap) }).getReader({ mode: 'byob' })
    const first = await reader.read(new Uint8Array(26))
    expect(Buffer.from(first.value!).toString()).toBe(`${head}xxxxxx`)
    await writeFile(path, `${head}${'\0'.repeat(70)}last chunk`)
    await writeGap(20, 90)
    end()
    expect(Buffer.from((await reader.read(new Uint8Array(100))).value!).toString()).toBe('last chunk')
    expect(gaps).toEqual([{ offset: 26, bytes: 64 }])
    await reader.cancel()
  })

  it('goes by a hole no longer when the job has cut its output off, hole and all', async () => {
    await writeFile(path, 'head and more')
    await writeGap(4, 100)
    end()
    expect(await textOf(stream())).toBe('head and more')
  })

  it('ends with what is dropped up to where it was to end', async () => {
    await writeFile(path, `head${'\0'.repeat(96)}`)
    await writeGap(4, 100)
    expect(await textOf(stream({ follow: false }))).toMatch(/^head\n\[corral: 96 bytes/)
  })

  it('does not guess where a hole begins', async () => {
    await writeFile(join(folder, 'gap'), 'no record')
    await expect(textOf(stream())).rejects.toMatchObject({ code: 'STORAGE_UNUSABLE', path: join(folder, 'gap') })
  })

  it('fills the buffer that a reader brings', async () => {
    await writeFile(path, 'x'.repeat(2500))
    end()
    const reader = stream().getReader({ mode: 'byob' })
    const lengths: number[] = []
    let buffer = new Uint8Array(1000)
    for (;;) {
      const { value, done } = await reader.read(buffer)
      if (done || !value) break
      lengths.push(value.length)
      buffer = new Uint8Array(value.buffer)
    }
    expect(lengths).toEqual([1000, 1000, 500])
  })

  it('begins anew when the output was cut off', async () => {
    await writeFile(path, 'long line\n')
    const reader = stream().getReader()
    expect(await read(reader)).toBe('long line\n')
    const next = read(reader)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await truncate(path)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await appendFile(path, 'new\n')
    expect(await next).toBe('new\n')
    end()
    expect(await read(reader)).toBe('')
  })

  it('waits at an offset that is yet to come', async () => {
    await writeFile(path, 'abc')
    const reading = textOf(stream({ from: 5 }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await appendFile(path, 'defg')
    end()
    expect(await reading).toBe('fg')
  })

  it('goes on after the file was unlinked, without turning', async () => {
    const reading = textOf(stream())
    await new Promise((resolve) => setTimeout(resolve, 50))
    await unlink(path)
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1000).toBeLessThan(100)
    end()
    expect(await reading).toBe('')
  })

  it('has let go of the file when it fails, is cancelled or aborted', async () => {
    const failing = textOf(stream())
    fail(new Error('lost'))
    await expect(failing).rejects.toThrow('lost')
    ended = new Promise(() => {})
    await stream().cancel()
    const abort = new AbortController()
    const aborted = textOf(stream({ signal: abort.signal }))
    abort.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    await expect(textOf(stream({ signal: abort.signal }))).rejects.toThrow('enough')
    await new Promise((resolve) => setTimeout(resolve, 50))
  })

  it('errors for a job that is not there', async () => {
    await unlink(path)
    await expect(textOf(stream())).rejects.toThrow('not found')
  })

  it.each([
    { from: -1 },
    { from: 1.5 },
    { tail: '1' },
    { from: 0, tail: 0 },
    { follow: 1 },
    { signal: 1 },
    { onDropped: true },
    { onStart: 'now' },
    { offset: 3 },
  ])('refuses %j', (options) => {
    expect(() => stream(options as OutputOptions)).toThrow(/received/)
  })
})
