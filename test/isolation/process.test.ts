import { constants } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { probe, statusField } from '../support/probe.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

describe('the environment', () => {
  test('is PATH, HOME, LANG and TERM, and nothing of the runner', async ({ runner }) => {
    process.env['CORRAL_TEST_SECRET'] = 'secret'
    onTestFinished(() => void delete process.env['CORRAL_TEST_SECRET'])
    const { environment } = await probe(runner)
    expect(environment.toSorted()).toEqual([`HOME=${userInfo().homedir}`, 'LANG=C.UTF-8', `PATH=${path}`, 'TERM=dumb'])
  })

  test('takes what it is given as it is, and does without a default that is taken away', async ({ runner }) => {
    const env = {
      EMPTY: '',
      WITH_EQUALS: 'a=b=c',
      LINES: 'one\ntwo',
      WORD: 'häß',
      TERM: undefined,
      HOME: '/nowhere',
      __proto__x: '1',
    }
    const { environment } = await probe(runner, { env })
    expect(environment.toSorted()).toEqual(
      [
        'EMPTY=',
        'HOME=/nowhere',
        'LANG=C.UTF-8',
        'LINES=one\ntwo',
        `PATH=${path}`,
        'WITH_EQUALS=a=b=c',
        'WORD=häß',
        '__proto__x=1',
      ].toSorted(),
    )
  })

  test('can be empty', async ({ runner }) => {
    const env = { PATH: undefined, HOME: undefined, LANG: undefined, TERM: undefined }
    expect((await probe(runner, { env })).environment).toEqual([])
  })

  test('has its PATH searched for the command', async ({ runner }) => {
    const env = { PATH: `/nowhere:${join(program('probe'), '..')}` }
    expect((await probe(runner, { command: ['probe', 'word'], env })).arguments).toEqual(['probe', 'word'])
  })
})

describe('arguments', () => {
  test('arrive one by one, blank, quoted or empty', async ({ runner }) => {
    const words = ['', ' ', '"quoted"', "it's", '$HOME', '*', 'new\nline', 'häß', '-x']
    expect((await probe(runner, { command: [program('probe'), ...words] })).arguments).toEqual([
      program('probe'),
      ...words,
    ])
  })

  test('of 200 kB arrive whole', async ({ runner }) => {
    const word = 'x'.repeat(50_000)
    const { output } = await runJob(runner, { command: sh('echo "$#:${#1}:${#4}"', word, word, word, word) })
    expect(output).toBe('4:50000:50000\n')
  })
})

describe('descriptors', () => {
  test('are /dev/null to read, and the output file to append to twice', async ({ runner }) => {
    const { descriptors, ...rest } = await probe(runner)
    const { name } = (await runner.list())[0]!
    const { outputPath } = await runner.inspect(name)
    expect(descriptors.map(({ fd, target }) => [fd, target])).toEqual([
      [0, '/dev/null'],
      [1, outputPath],
      [2, outputPath],
    ])
    for (const { flags } of descriptors.slice(1)) {
      expect(flags & constants.O_APPEND).toBe(constants.O_APPEND)
      expect(flags & 3).toBe(constants.O_WRONLY)
    }
    expect(rest.pid).toBeGreaterThan(1)
  })

  test('give an end of file on stdin', async ({ runner }) => {
    expect((await runJob(runner, { command: sh('wc -c') })).output.trim()).toBe('0')
  })
})

test('a job leads a session and a process group of its own', async ({ runner }) => {
  const { pid, session, processGroup } = await probe(runner)
  expect([session, processGroup]).toEqual([pid, pid])
})

test('a job has no signal blocked or ignored, though the runner ignores some', async ({ runner }) => {
  const ignore = (): void => {}
  process.on('SIGPIPE', ignore)
  onTestFinished(() => void process.off('SIGPIPE', ignore))
  const job = await probe(runner)
  expect(['SigBlk', 'SigIgn', 'SigCgt', 'SigPnd', 'ShdPnd'].map((key) => BigInt(`0x${statusField(job, key)}`))).toEqual(
    [0n, 0n, 0n, 0n, 0n],
  )
})

test('a job has umask 022, working directory / and oom_score_adj 0', async ({ runner }) => {
  const job = await probe(runner)
  expect(job).toMatchObject({ umask: 0o022, cwd: '/' })
  expect(job.oomScoreAdj.trim()).toBe('0')
})

test('a job starts in the directory that it is given', async ({ runner, folder }) => {
  const cwd = join(folder, 'with blank')
  await mkdir(cwd)
  expect((await probe(runner, { cwd })).cwd).toBe(cwd)
})

test('a job of root may do what root may, but for tracing', async ({ runner }) => {
  const job = await probe(runner)
  const tracing = 1n << 19n
  expect(BigInt(`0x${statusField(job, 'CapBnd')}`) & tracing).toBe(0n)
  expect(BigInt(`0x${statusField(job, 'CapEff')}`) & tracing).toBe(0n)
  expect(job).toMatchObject({ uid: 0, euid: 0, gid: 0, egid: 0, dumpable: 1 })
})

describe('resource limits', () => {
  test('are those that were asked for, however few descriptors that leaves', async ({ runner }) => {
    const rlimits = { nofile: 4, stack: { soft: 1024 * 1024, hard: 'unlimited' }, fsize: 4096 } as const
    const { output } = await runJob(runner, {
      command: sh('ulimit -n; ulimit -Ss; ulimit -f; ulimit -c'),
      isolation: { rlimits },
    })
    expect(output).toBe('4\n1024\n8\n0\n')
  })

  test('that the kernel refuses refuse the job, by name', async ({ runner }) => {
    const start = runner.start({ command: ['true'], isolation: { rlimits: { nofile: 2 ** 40 } } })
    await expect(start).rejects.toMatchObject({ code: 'FENCE_REFUSED', path: 'nofile', errno: 'EPERM' })
  })
})
