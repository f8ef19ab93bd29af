import { Buffer } from 'node:buffer'

import { describe, expect } from 'vitest'

import { failure } from '../faults/failure.ts'
import { runJob } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

describe('files', () => {
  test('are in the private folder, where the command begins', async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('pwd; find . -type f | sort | xargs stat -c "%n %a %u:%g %s"; cat a/b.txt; ./run'),
      files: { 'a/b.txt': 'text\n', run: { data: '#!/bin/sh\necho ran\n', mode: 0o755 } },
    })
    expect(output).toBe('/tmp/work\n./a/b.txt 644 0:0 5\n./run 755 0:0 19\ntext\nran\n')
  })

  test("belong to the job's user", async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('stat -c %u:%a a a/b; echo more >>a/b; cat a/b'),
      files: { 'a/b': 'x\n' },
      user: 'nobody',
    })
    expect(output).toBe('65534:755\n65534:644\nx\nmore\n')
  })

  test('are whole, whatever bytes they hold', async ({ runner }) => {
    const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256))
    const { output } = await runJob(runner, {
      command: sh('cksum -a sha256 --untagged data 2>/dev/null || sha256sum data'),
      files: { data, empty: '' },
    })
    const digest = await crypto.subtle.digest('SHA-256', data)
    expect(output.split(/\s/)[0]).toBe(Buffer.from(digest).toString('hex'))
  })

  test('may lie where the command is to begin', async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: ['cat', 'b'],
      files: { 'a/b': 'here\n' },
      cwd: '/tmp/work/a',
    })
    expect(output).toBe('here\n')
  })

  test('are not kept: the spec has their names and sizes', async ({ runner }) => {
    const { name } = await runJob(runner, { command: ['true'], files: { secret: 'hunter2' } })
    const { spec } = await runner.inspect(name)
    expect(spec.files).toEqual([{ path: 'secret', mode: 0o644, bytes: 7 }])
    expect(JSON.stringify(spec)).not.toContain('hunter2')
  })

  test('that do not fit refuse the job', async ({ runner }) => {
    const error = await failure(
      runner.start({ command: ['true'], files: { big: Buffer.alloc(100_000) }, workdir: { size: '64K' } }),
    )
    expect(error).toMatchObject({ code: 'FILES_REFUSED', syscall: 'files', path: 'big', errno: 'ENOSPC' })
    expect(error.message).toContain('workdir.size')
    expect(await runner.list()).toEqual([])
  })

  test('have no place in the profile none', async ({ runner }) => {
    const error = await failure(runner.start({ command: ['true'], files: { a: '' }, isolation: 'none' }))
    expect(error).toMatchObject({ name: 'InvalidOptionError', option: 'files' })
  })

  test('are as large as they may be, beside a long command', async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('stat -c %s data; echo ${#1}', 'x'.repeat(100_000)),
      files: { data: Buffer.alloc(1024 * 1024 - 4) },
    })
    expect(output).toBe(`${1024 * 1024 - 4}\n100000\n`)
  })
})

describe('the private folder', () => {
  test("is the job user's own, and gone with the job", async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('pwd; stat -c "%u %a" .; echo x >file; stat -f -c %T .'),
      workdir: 'private',
      user: 'nobody',
    })
    expect(output).toBe('/tmp/work\n65534 700\ntmpfs\n')
    const second = await runJob(runner, { command: ['ls', '-A'], workdir: 'private' })
    expect(second.output).toBe('')
  })

  test('ends where its size says', async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('head -c 2M /dev/zero >file; stat -c %s file'),
      workdir: { size: '1M' },
    })
    expect(output).toMatch(/No space left on device/)
    expect(output).toMatch(/\n1048576\n$/)
  })

  test('has room for as many files as it has pages', async ({ runner }) => {
    const { output } = await runJob(runner, {
      command: sh('i=0; while true >$i; do i=$((i + 1)); done 2>/dev/null; echo $i'),
      workdir: { size: '64K' },
    })
    expect(Number(output)).toBeGreaterThan(900)
    expect(Number(output)).toBeLessThan(1100)
  })
})
