import { execFileSync, spawn } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'

import type { CgroupRunner, ExecConfig, Execution } from '@corral/runner'
import { describe, expect } from 'vitest'

import { isRunning, killHard, launcherOf, parentOf } from '../faults/host.ts'
import { startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

const forever = ['sleep', '1000']

async function textOf(execution: Execution): Promise<string> {
  return Buffer.concat(await Array.fromAsync(execution.output())).toString()
}

/** Runs a command in a job to its end, and gives what it wrote. */
async function run(runner: CgroupRunner, name: string, config: ExecConfig): Promise<string> {
  const execution = await runner.exec(name, config)
  const [text] = await Promise.all([textOf(execution), execution.wait()])
  return text
}

/** Waits until it has printed `ready`. */
async function ready(execution: Execution): Promise<void> {
  for await (const chunk of execution.output()) if (Buffer.from(chunk).toString().includes('ready')) return
}

/** What the kernel says that keeps a process where it is. */
async function fencesOf(pid: number): Promise<Record<string, unknown>> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8')
  const status = await read('status')
  const kept = /^(?:Uid|Gid|Groups|NoNewPrivs|Seccomp|Seccomp_filters|Cap\w+):.*$/gm
  const names = await readdir(`/proc/${pid}/ns`)
  const namespaces = names.map(async (name) => readlink(`/proc/${pid}/ns/${name}`))
  return {
    status: status.match(kept),
    namespaces: await Promise.all(namespaces),
    cgroups: await read('cgroup'),
    limits: await read('limits'),
    root: await readlink(`/proc/${pid}/root`),
    cwd: await readlink(`/proc/${pid}/cwd`),
    oomScore: await read('oom_score_adj'),
    mounts: await read('mountinfo'),
  }
}

describe('a command in a running job', () => {
  test.for([
    { isolation: 'standard' },
    { isolation: 'standard', user: 'nobody' },
    { isolation: 'strict' },
    { isolation: 'none' },
    { isolation: { root: 'overlay', rlimits: { nofile: 77 }, hostname: 'box', capabilities: ['CAP_CHOWN'] } },
    { isolation: { uidMap: [{ inside: 0, outside: 100_000, size: 65_536 }] } },
  ] as const)('has all the fences of the job: %j', async (config, { runner }) => {
    const name = await runner.start({ command: forever, ...config })
    const { pid } = await runner.status(name)
    const execution = await runner.exec(name, { command: forever })
    expect(await fencesOf(execution.pid)).toEqual(await fencesOf(pid!))
    // Neither has anything open that the other has not.
    await eventually(async () => expect(await readdir(`/proc/${execution.pid}/fd`)).toEqual(['0', '1', '2']))
  })

  test('is held to what the file system fence leaves, and can make no more of it', async ({ runner, folder }) => {
    const name = await runner.start({ command: forever, isolation: 'strict' })
    const output = await run(runner, name, { command: sh(`echo x > ${folder}/new; unshare -U true; echo done`) })
    expect(output).toMatch(/(?:Read-only|Permission denied).*\n.*unshare.*\ndone\n$/s)
  })

  test('sees what the job has made, and its processes', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo mine > /tmp/file; echo ready; exec sleep 1000') })
    expect(await run(runner, name, { command: sh('cat /tmp/file; ps -C sleep -o args=') })).toBe('mine\nsleep 1000\n')
  })

  test("has the job's environment and folder, and what it is given on top", async ({ runner }) => {
    const name = await runner.start({ command: forever, env: { A: '1', B: '2' }, cwd: '/usr' })
    const command = sh('echo $A $B $C $TERM; pwd')
    expect(await run(runner, name, { command })).toBe('1 2 dumb\n/usr\n')
    expect(await run(runner, name, { command, env: { B: undefined, C: '3' }, cwd: '/etc' })).toBe('1 3 dumb\n/etc\n')
  })

  test('may be of another user, who has not what is for root', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const command = sh('id -u; id -g; echo $HOME; grep CapBnd /proc/self/status')
    expect(await run(runner, name, { command, user: 'nobody' })).toBe(
      '65534\n65534\n/nonexistent\nCapBnd:\t0000000000000000\n',
    )
    const nobodys = await runner.start({ command: forever, user: 'nobody' })
    expect(await run(runner, nobodys, { command, user: 0 })).toBe('0\n0\n/root\nCapBnd:\t0000000000000000\n')
  })

  test('is limited with the job, and killed with it', async ({ runner }) => {
    const name = await runner.start({ command: forever, memoryMax: '32M' })
    const execution = await runner.exec(name, { command: [program('eat-memory'), '1000'] })
    expect(await runner.wait(name)).toMatchObject({ oom: true })
    expect(await execution.wait()).toMatchObject({ state: 'job-ended', signal: 'SIGKILL' })
  })
})

describe('its end', () => {
  test.for([
    [sh('exit 7'), { state: 'exited', exitStatus: 7, signal: null }],
    [sh('kill -TERM $$'), { state: 'signaled', exitStatus: null, signal: 'SIGTERM' }],
  ] as const)('%j is %j', async ([command, status], { runner }) => {
    const name = await runner.start({ command: forever })
    const execution = await runner.exec(name, { command })
    expect(await execution.wait()).toMatchObject(status)
    // However often one asks, and when.
    expect(await execution.wait()).toMatchObject(status)
    expect((await runner.status(name)).active).toBe(true)
  })

  test('its output is there as it is written, and ends with it', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const { promise: turn, resolve: release } = Promise.withResolvers<void>()
    const execution = await runner.exec(name, {
      command: sh('echo one >&2; read x; echo $x'),
      stdin: (async function* () {
        await turn
        yield 'two\n'
      })(),
    })
    let seen = ''
    for await (const chunk of execution.output()) {
      seen += Buffer.from(chunk).toString()
      if (seen === 'one\n') release()
    }
    expect(seen).toBe('one\ntwo\n')
  })

  test('is brought about by a signal, by time, or by cancelling', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const trap = sh('trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done')
    const asked = await runner.exec(name, { command: trap })
    await ready(asked)
    await asked.kill('SIGTERM')
    expect(await asked.wait()).toMatchObject({ state: 'exited', exitStatus: 3 })
    await expect(asked.kill('SIGTERM')).rejects.toMatchObject({ name: 'JobEndedError' })
    const timed = await runner.exec(name, { command: trap, timeoutMs: 50 })
    expect(await timed.wait()).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' })
    const controller = new AbortController()
    const cancelled = await runner.exec(name, { command: forever, signal: controller.signal })
    controller.abort()
    expect(await cancelled.wait()).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
    await expect(runner.exec(name, { command: forever, signal: controller.signal })).rejects.toThrow(/aborted/)
  })

  test.for(['by itself', 'as it is stopped', 'as it is killed'])(
    'comes when the job ends %s',
    async (how, { runner }) => {
      const name = await runner.start({ command: how === 'by itself' ? sh('read x < /tmp/none; sleep 0.3') : forever })
      const executions = await Promise.all([1, 2, 3].map(() => runner.exec(name, { command: forever })))
      const ends = executions.map((execution) => execution.wait())
      if (how === 'as it is stopped') await runner.stop(name)
      if (how === 'as it is killed') await runner.kill(name, 'SIGKILL')
      for (const end of ends) expect(await end).toMatchObject({ state: 'job-ended', signal: 'SIGKILL' })
    },
  )

  test('leaves its folder until it is removed, or the job is', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const folder = join(runner.storageRoot, 'jobs', name, 'exec')
    const [first, second] = await Promise.all([1, 2].map(() => runner.exec(name, { command: ['true'] })))
    await first!.wait()
    expect((await readdir(folder)).toSorted()).toEqual([first!.id, second!.id].toSorted())
    await first!.remove()
    expect(await readdir(folder)).toEqual([second!.id])
    await expect(first!.wait()).rejects.toMatchObject({ name: 'ExecutionNotFoundError', executionId: first!.id })
    await expect(textOf(first!)).rejects.toMatchObject({ name: 'ExecutionNotFoundError' })
    await second!.wait()
    await runner.stop(name)
    await expect(second!.wait()).rejects.toMatchObject({ name: 'JobNotFoundError' })
  })
})

describe('what cannot be run', () => {
  test.for([
    [{ command: ['/nowhere'] }, { code: 'COMMAND_NOT_FOUND' }],
    [{ command: ['/etc/passwd'] }, { code: 'COMMAND_NOT_EXECUTABLE' }],
    [{ command: ['true'], cwd: '/nowhere' }, { code: 'CWD_UNUSABLE' }],
    [{ command: [] }, { option: 'command' }],
    [{ command: ['true'], detach: true }, { option: 'detach' }],
    [{ command: ['true'], tty: 7 }, { option: 'tty' }],
  ] as const)('%j is refused, and leaves nothing behind', async ([config, error], { runner }) => {
    const name = await runner.start({ command: forever })
    await expect(runner.exec(name, config as never)).rejects.toMatchObject(error)
    const left = await readdir(join(runner.storageRoot, 'jobs', name, 'exec')).catch(() => [])
    expect(left).toEqual([])
  })

  test('a job that there is none of, that has ended or that is frozen has nothing run in it', async ({ runner }) => {
    await expect(runner.exec('none', { command: ['true'] })).rejects.toMatchObject({ name: 'JobNotFoundError' })
    const name = await runner.start({ command: forever })
    await runner.freeze(name)
    await expect(runner.exec(name, { command: ['true'] })).rejects.toMatchObject({
      errno: 'EBUSY',
      message: expect.stringContaining('thaw it first'),
    })
    await runner.thaw(name)
    expect(await (await runner.exec(name, { command: ['true'] })).wait()).toMatchObject({ exitStatus: 0 })
    await runner.stop(name, { keepOutput: true })
    await expect(runner.exec(name, { command: ['true'] })).rejects.toMatchObject({ name: 'JobEndedError' })
  })

  test('a multiplexer that the job has put in the place of its own is not opened', async ({ runner, folder }) => {
    // Opened, it would have whoever opens it wait for ever.
    const trap = join(folder, 'trap')
    execFileSync('mkfifo', [trap])
    const script = `mount --bind ${trap} /dev/pts/ptmx && echo ready; exec sleep 1000`
    const name = await startReady(runner, { command: sh(script), isolation: 'none' })
    await expect(runner.exec(name, { command: ['tty'], tty: true })).rejects.toMatchObject({
      syscall: 'terminal',
      errno: 'ENODEV',
    })
  })
})

describe('many at once', () => {
  test('run side by side, and keep no job from starting', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const executions = await Promise.all(
      Array.from({ length: 30 }, (_, index) => runner.exec(name, { command: sh(`echo ${index}; sleep 0.1`) })),
    )
    expect(await runner.start({ command: ['true'] })).toBeTypeOf('string')
    expect(await Promise.all(executions.map(textOf))).toEqual(executions.map((_, index) => `${index}\n`))
  })
})

describe('a terminal', () => {
  test("is of the job's own devpts, and can be resized", async ({ runner }) => {
    const name = await runner.start({ command: forever, user: 'nobody' })
    const script =
      'tty; stty size; echo $TERM; trap "stty size; exit 4" WINCH; echo ready; while :; do sleep 0.02; done'
    const execution = await runner.exec(name, { command: sh(script), tty: { columns: 90, rows: 30 } })
    await ready(execution)
    await execution.resize({ columns: 100, rows: 40 })
    expect(await execution.wait()).toMatchObject({ exitStatus: 4 })
    expect(await textOf(execution)).toBe('/dev/pts/0\r\n30 90\r\nxterm\r\nready\r\n40 100\r\n')
  })
})

describe('by its id', () => {
  test('another runner comes to it while it runs', async ({ openRunner }) => {
    const [starter, other] = [await openRunner({ onExit: 'keep' }), await openRunner({ onExit: 'keep' })]
    const name = await starter.start({ command: forever })
    const script = 'trap "stty size; exit 4" WINCH; echo ready; while :; do sleep 0.02; done'
    const started = await starter.exec(name, { command: sh(script), tty: true })
    const found = await other.execution(name, started.id)
    expect(found).toMatchObject({ id: started.id, job: name, pid: started.pid, startedAt: started.startedAt })
    await ready(found)
    await starter.close()
    await found.resize({ columns: 100, rows: 40 })
    expect(await found.wait()).toMatchObject({ exitStatus: 4, startedAt: started.startedAt })
    expect(await textOf(found)).toBe('ready\r\n40 100\r\n')
    const killed = await other.execution(name, (await other.exec(name, { command: forever })).id)
    await killed.remove()
    await expect(other.execution(name, killed.id)).rejects.toMatchObject({ name: 'ExecutionNotFoundError' })
  })

  test('one that has ended, with its job or before, is there', async ({ openRunner }) => {
    const [starter, other] = [await openRunner({ onExit: 'keep' }), await openRunner({ onExit: 'keep' })]
    const name = await starter.start({ command: forever })
    const [before, withJob] = [
      await starter.exec(name, { command: sh('echo here; exit 5') }),
      await starter.exec(name, { command: forever }),
    ]
    await before.wait()
    const found = await other.execution(name, before.id)
    expect([await textOf(found), await found.wait()]).toMatchObject(['here\n', { exitStatus: 5 }])
    await expect(found.kill('SIGTERM')).rejects.toMatchObject({ name: 'JobEndedError' })
    await starter.stop(name, { keepOutput: true })
    const late = await other.execution(name, withJob.id)
    expect(await late.wait()).toMatchObject({ state: 'job-ended', startedAt: withJob.startedAt })
    await expect(late.kill('SIGTERM')).rejects.toMatchObject({ name: 'JobEndedError' })
    await late.remove()
  })

  test('through a launcher that was not there at the start it can be told of, and not reached', async ({
    openRunner,
  }) => {
    const [starter, other] = [await openRunner({ onExit: 'keep' }), await openRunner({ onExit: 'keep' })]
    const name = await starter.start({ command: forever })
    const { id } = await starter.exec(name, { command: forever })
    killHard(await launcherOf(starter.storageRoot))
    const found = await other.execution(name, id)
    await expect(found.kill('SIGKILL')).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
    const ended = found.wait()
    await starter.kill(name, 'SIGKILL')
    expect(await ended).toMatchObject({ state: 'job-ended' })
  })

  test('what is none is refused', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    await expect(runner.execution(name, 'none')).rejects.toMatchObject({
      name: 'ExecutionNotFoundError',
      jobName: name,
      message: expect.stringContaining("no command 'none' in job"),
    })
    await expect(runner.execution('none', 'none')).rejects.toMatchObject({ name: 'JobNotFoundError' })
    await expect(runner.execution(name, '../x')).rejects.toMatchObject({ option: 'id' })
  })
})

describe('when somebody is killed or leaves', () => {
  test('the launcher: what runs goes on, and nothing more can be run in the job', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const execution = await runner.exec(name, { command: sh('echo ready; sleep 0.5; exit 5') })
    await ready(execution)
    killHard(await launcherOf(runner.storageRoot))
    expect(await execution.wait()).toMatchObject({ state: 'exited', exitStatus: 5 })
    await expect(runner.exec(name, { command: ['true'] })).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('launcher that has died'),
    })
    const other = await runner.start({ command: forever })
    expect(await (await runner.exec(other, { command: ['true'] })).wait()).toMatchObject({ exitStatus: 0 })
  })

  test('the job, while a command is on its way to exec: it never ran', async ({ runner, folder }) => {
    const file = join(folder, 'held')
    const holder = spawn(program('hold-lease'), [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(holder.stdout)[Symbol.asyncIterator]()
    expect(await lines.next()).toMatchObject({ value: 'ready' })
    const name = await runner.start({ command: forever })
    const execution = runner.exec(name, { command: [file] })
    execution.catch(() => {})
    expect(await lines.next()).toMatchObject({ value: 'opened' })
    await runner.kill(name, 'SIGKILL')
    await expect(execution).rejects.toMatchObject({ code: 'COMMAND_NOT_EXECUTABLE' })
    holder.kill('SIGKILL')
  })

  test('init: all is lost, and nobody waits for ever', async ({ runner }) => {
    const name = await runner.start({ command: forever })
    const execution = await runner.exec(name, { command: forever })
    const ended = execution.wait()
    killHard(parentOf((await runner.status(name)).pid!))
    expect(await ended).toMatchObject({ state: 'lost', exitStatus: null, signal: null, finishedAt: null })
    expect(isRunning(execution.pid)).toBe(false)
  })

  test('the runner: its commands go, if its jobs would, and those of others stay', async ({ openRunner }) => {
    const [keeper, killer] = [await openRunner({ onExit: 'keep' }), await openRunner({ onExit: 'kill' })]
    const name = await keeper.start({ command: forever })
    const kept = await keeper.exec(name, { command: forever })
    const gone = await killer.exec(name, { command: forever })
    await killer.close()
    await eventually(() => expect(isRunning(gone.pid)).toBe(false))
    expect(isRunning(kept.pid)).toBe(true)
    await keeper.close()
    expect(isRunning(kept.pid)).toBe(true)
  })
})
