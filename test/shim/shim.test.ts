import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { InvalidOptionError, isShimEntry, type JobStatus, shimEntry } from '@corral/runner'
import { describe, expect, inject } from 'vitest'

import type { Probe } from '../support/probe.ts'
import { ownNamespace, statusField } from '../support/probe.ts'
import { runJob } from '../support/jobs.ts'
import { nodeProgram } from '../support/node-programs.ts'
import { program, sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'

/** What program.ts prints. */
interface Report {
  isShim: boolean
  output: string
  status: JobStatus
  error: { name: string; code: string; message: string; syscall: string; path: string; errno: string }
  jobs: unknown[]
}

const shimProgram = nodeProgram(join(import.meta.dirname, 'program.ts'))
const shimAsker = nodeProgram(join(import.meta.dirname, 'is-shim.ts'))

/** Runs a program that runs a job with itself as shim. What Node has compiled once, it need not compile again. */
async function run(folder: string, before: string, command: string[]): Promise<Report> {
  const words = [...shimProgram, join(folder, 'root'), before, ...command]
  const env = { ...process.env, NODE_COMPILE_CACHE: join(inject('runFolder'), 'compiled') }
  return new Promise((resolve, reject) => {
    execFile(words[0]!, words.slice(1), { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`program.ts ended with ${error.code ?? error.signal}: ${stdout}${stderr}`))
      else resolve(JSON.parse(stdout) as Report)
    })
  })
}

describe("a job with shim: 'self'", () => {
  test('is the command in the end, with everything that a job has', async ({ folder }) => {
    const { isShim, output, status } = await run(folder, 'nothing', [program('probe'), 'one', 'two words'])
    expect(isShim).toBe(false)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    const job = JSON.parse(output) as Probe
    expect(job).toMatchObject({
      ppid: 1,
      session: job.pid,
      umask: 0o022,
      cwd: '/',
      interfaces: ['lo'],
      processes: [1, job.pid],
    })
    expect(job.arguments).toEqual([program('probe'), 'one', 'two words'])
    const names = ['BEFORE', 'HOME', 'LANG', 'NODE_COMPILE_CACHE', 'PATH', 'TERM']
    expect(job.environment.map((entry) => entry.split('=')[0]).toSorted()).toEqual(names)
    expect(job.descriptors.map(({ fd, target }) => [fd, target.replace(/.*\//, '')])).toEqual([
      [0, 'null'],
      [1, 'output'],
      [2, 'output'],
    ])
    for (const name of ['pid', 'mnt', 'net', 'ipc', 'uts', 'cgroup'] as const)
      expect(job.namespaces[name]).not.toBe(ownNamespace(name))
  })

  test('has no signal blocked or ignored by the shim', async ({ folder }) => {
    const job = JSON.parse((await run(folder, 'nothing', [program('probe')])).output) as Probe
    const masks = ['SigBlk', 'SigIgn', 'SigCgt'].map((key) => BigInt(`0x${statusField(job, key)}`))
    expect(masks).toEqual([0n, 0n, 0n])
  })

  test('has what the hook does done inside the fence, by the process that then becomes the command', async ({
    folder,
  }) => {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    const script = 'echo "pid $$, parent $PPID"; umask; pwd; echo "${ADDED:-nothing} added"; cat /tmp/inside/file'
    const { output, status } = await run(folder, 'change', sh(script))
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    const [shim, command, ...rest] = output.trimEnd().split('\n')
    expect(shim).toBe(`${command}, shim true`)
    expect(rest).toEqual(['0077', '/usr', 'nothing added', 'from the shim'])
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mounts)
  })

  test('does not start when the hook throws, and says why', async ({ folder }) => {
    const { error, jobs } = await run(folder, 'reject', ['true'])
    const path = `${shimProgram.at(-1)}: the sandbox is not to be had`
    expect(error).toMatchObject({ name: 'CorralError', code: 'START_FAILED', syscall: 'shim', path })
    expect(jobs).toEqual([])
    await expectNothingMade(folder)
  })

  test('does not start when the shim exits', async ({ folder }) => {
    const { error } = await run(folder, 'exit', ['true'])
    expect(error).toMatchObject({ name: 'CorralError', code: 'START_FAILED', syscall: 'shim' })
    await expectNothingMade(folder)
  })

  test.for([
    [['no-such-command'], 'COMMAND_NOT_FOUND', 'ENOENT'],
    [['/etc/passwd'], 'COMMAND_NOT_EXECUTABLE', 'EACCES'],
  ] as const)('does not start when the command is %j', async ([command, code, errno], { folder }) => {
    const { error } = await run(folder, 'nothing', [...command])
    expect(error).toMatchObject({ name: 'CorralError', code, path: command[0], errno })
    await expectNothingMade(folder)
  })
})

describe('isShimEntry', () => {
  test('is false in a program that starts jobs, and shimEntry refuses', async () => {
    expect(isShimEntry()).toBe(false)
    await expect(shimEntry()).rejects.toThrow(/ask isShimEntry\(\) first/)
  })

  test("is false in a job's own Node program", async ({ runner }) => {
    const { output } = await runJob(runner, { command: shimAsker, isolation: 'none' })
    expect(JSON.parse(output)).toEqual({
      isShim: false,
      error: expect.stringContaining('ask isShimEntry() first'),
      variable: null,
    })
  })

  test("is false in a Node program that is the command of a job with shim: 'self'", async ({ folder }) => {
    const { output } = await run(folder, 'nothing', shimAsker)
    expect(JSON.parse(output)).toMatchObject({ isShim: false, variable: null })
  })

  test('is false for what merely has the variable', async ({ runner }) => {
    const env = { CORRAL_SHIM_COMMAND: JSON.stringify({ command: ['true'], env: {} }) }
    const command = sh('"$@"; exit', ...shimAsker)
    const { output } = await runJob(runner, { command, env, isolation: 'none' })
    expect(JSON.parse(output)).toMatchObject({ isShim: false })
  })
})

test('a command that is too long for a shim is refused', async ({ runner }) => {
  const start = runner.start({
    command: ['echo', ...Array.from({ length: 2_000 }, () => 'x'.repeat(100))],
    shim: 'self',
  })
  await expect(start).rejects.toThrow(InvalidOptionError)
  await expectNothingMade(join(runner.storageRoot, '..'))
})

async function expectNothingMade(folder: string): Promise<void> {
  expect(await readdir(join(folder, 'root/jobs'))).toEqual([])
  expect(await jobCgroups(join(folder, 'root'))).toEqual([])
}
