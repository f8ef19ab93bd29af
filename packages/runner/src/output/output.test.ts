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
    { offset: 3 },
  ])('refuses %j', (options) => {
    expect(() => stream(options as OutputOptions)).toThrow(/received/)
  })
})
