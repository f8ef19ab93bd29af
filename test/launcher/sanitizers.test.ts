import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { JobConfig } from '@corral/runner'
import { expect } from 'vitest'

import { compileLauncher } from '../../scripts/compile-launcher.ts'
import { expectNoRemains, killHard, launcherProcesses, parentOf } from '../faults/host.ts'
import { commandOf, expectedEnd, foundEnd, nameOf } from '../faults/outcome.ts'
import { skipTest } from '../support/skip.ts'
import { eventually, placesOf, test } from '../support/test.ts'
import { LauncherProcess } from './launcher-process.ts'
import { frameOf, payloadOf, RawPeer } from './raw-peer.ts'

/** Any finding ends the process that has it, with a status that an init or a launcher has for nothing else. */
const options = 'abort_on_error=0:exitcode=86:detect_leaks=1:detect_stack_use_after_return=1'
const env = { ASAN_OPTIONS: options, UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=86' }

/** Why the launcher cannot be built with sanitizers here, if it cannot. */
function lack(folder: string): string | undefined {
  const source = join(folder, 'empty.c')
  const flags = ['-fsanitize=address,undefined', '-o', join(folder, 'empty'), source]
  const { error, status } = spawnSync('clang', flags, { stdio: 'ignore' })
  if (error) return 'clang is not installed'
  return status === 0 ? undefined : 'clang has no sanitizers'
}

// In the virtual machine all is as on the host, but for the cgroups' layout.
test.skipIf(process.env['CORRAL_IN_VM'] !== undefined)(
  'the launcher, init and the child up to exec do nothing undefined, and lose no memory',
  async ({ folder, openRunner, skip }) => {
    await writeFile(join(folder, 'empty.c'), 'int main(void) { return 0; }\n')
    const why = lack(folder)
    const what = 'the launcher under AddressSanitizer and UndefinedBehaviorSanitizer'
    if (why !== undefined) skipTest(skip, { what, why, unskip: 'apt-get install clang libclang-rt-dev llvm' })
    const program = join(folder, 'bin/corral-launcher')
    await mkdir(join(folder, 'bin'))
    compileLauncher({
      output: program,
      sanitize: ['-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    })
    expect(existsSync(program)).toBe(true)

    const root = join(folder, 'root')
    const launcher = await LauncherProcess.start(root, 5000, { program, env })
    try {
      await using runner = await openRunner({ storageRoot: root })
      await expectOutcomes(runner)
      await expectRefusals(runner)
      await expectStreams(runner, folder)
      await expectEnds(runner)
      await expectFiles(runner, folder)
      await expectTaken(root)
      expect((await launcherProcesses(root)).launchers).toEqual([launcher.pid])
      await expectNoRemains(root)
      await runner.close()
      // By itself: only then it looks for what it has lost.
      expect(await launcher.end).toBe(0)
      expect(await placesOf(root)).toEqual([])
    } finally {
      // What is found says more than what came of it.
      await launcher[Symbol.asyncDispose]()
      expect(launcher.stderr).toBe('')
    }
  },
  120_000,
)

type Runner = Awaited<ReturnType<typeof import('@corral/runner').CgroupRunner.open>>

async function expectOutcomes(runner: Runner): Promise<void> {
  const names = Array.from({ length: 60 }, (_, index) => nameOf('ok', index))
  await Promise.all(
    names.map(async (name) => {
      await runner.start({ name, command: commandOf(name), memoryMax: '64M', pidsMax: 50, labels: { a: 'b' } })
      expect(foundEnd(await runner.wait(name))).toEqual(expectedEnd(name))
      await runner.stop(name)
    }),
  )
}

/** Files in, files out, and layers of overlays that are kept and removed. */
async function expectFiles(runner: Runner, folder: string): Promise<void> {
  const [source, script] = [
    join(folder, 'lower'),
    'cd "$1"; rm -r a; mkdir -p a/b/c; chmod 0 a/b; ln -s / link; mkfifo fifo',
  ]
  await mkdir(join(source, 'a/b/c'), { recursive: true })
  for (const keepChanges of [true, false]) {
    const mounts = [{ type: 'overlay', source }] as const
    const name = await runner.start({
      command: ['/bin/sh', '-c', `${script}; truncate -s 1M hole; echo x >>hole; cat /tmp/work/d/f`, 'sh', source],
      files: { 'd/f': 'text'.repeat(10_000), e: { data: '', mode: 0o700 } },
      collect: [source, '/tmp/work', '/none', '/proc/self/status'],
      isolation: { mounts, keepChanges },
    })
    const { collected } = await runner.wait(name)
    expect(collected.map(({ files }) => files)).toEqual([1, 2, 0, 0])
    expect(collected.map(({ omitted }) => omitted?.count)).toEqual([2, undefined, 1, 1])
    if (keepChanges) {
      const changes = await Array.fromAsync(runner.changes(name))
      expect(changes.map(({ path }) => path.slice(source.length)).toSorted()).toEqual([
        '/a',
        '/a/b',
        '/a/b/c',
        '/fifo',
        '/hole',
        '/link',
      ])
    }
    await runner.stop(name)
  }
}

async function expectRefusals(runner: Runner): Promise<void> {
  const long = 'x'.repeat(5000)
  const refused = [
    { command: ['corral-no-such-command'] },
    { command: [`/${long}`] },
    { command: ['true', ...Array.from({ length: 3000 }, () => 'argument')], cwd: '/nowhere' },
    { command: ['true'], cwd: `/${long}` },
    { command: ['true', 'x'.repeat(200_000)] },
    { command: ['true'], env: { PATH: '' }, user: 65534 },
    { command: ['true'], env: { PATH: `:${long}:/nowhere:` } },
  ]
  for (const config of refused) await expect(runner.start(config)).rejects.toMatchObject({ name: 'CorralError' })
  await runner.start({ name: 'taken', command: ['sleep', '1000'] })
  await expect(runner.start({ name: 'taken', command: ['true'] })).rejects.toMatchObject({ name: 'JobNameTakenError' })
  await runner.stop('taken')
}

/** All the ways in which a job ends that has not come to its own end. */
/** Input of each kind, terminals, and further commands that begin and end in each way. */
async function expectStreams(runner: Runner, folder: string): Promise<void> {
  const file = join(folder, 'empty.c')
  const bytes = 'text'.repeat(100_000)
  for (const stdin of [bytes, { file }, new Blob([bytes]).stream()]) {
    const config = { command: ['sha256sum'], stdin }
    for (const tty of [false, true]) await runner.stop(await runUntilEnd(runner, { ...config, tty }))
  }
  const name = await runner.start({ command: ['sleep', '1000'] })
  const ends = await Promise.all([
    runner.exec(name, { command: ['cat'], stdin: 'in' }),
    runner.exec(name, { command: ['sh', '-c', 'cat; exit 3'], stdin: bytes, tty: true }),
    runner.exec(name, { command: ['sleep', '1000'], timeoutMs: 50 }),
    runner.exec(name, { command: ['sleep', '1000'], tty: true, env: { LONG: bytes.slice(0, 100_000) } }),
  ])
  await ends[3].resize({ columns: 1, rows: 1 })
  await ends[3].kill('SIGTERM')
  await expect(runner.exec(name, { command: ['/nowhere'], tty: true })).rejects.toMatchObject({ errno: 'ENOENT' })
  for (const execution of ends) await execution.wait()
  const last = await runner.exec(name, { command: ['sleep', '1000'], tty: true })
  await runner.stop(name, { keepOutput: true })
  expect((await last.wait()).state).toBe('job-ended')
  await runner.stop(name)
}

async function runUntilEnd(runner: Runner, config: JobConfig): Promise<string> {
  const name = await runner.start(config)
  await runner.wait(name)
  return name
}

async function expectEnds(runner: Runner): Promise<void> {
  const trap = ['/bin/sh', '-c', 'trap "" TERM; sleep 1000 & wait; sleep 1000']
  await runner.start({ name: 'timeout', command: trap, timeoutMs: 50, stopGraceMs: 50 })
  expect((await runner.wait('timeout')).state).toBe('timed-out')
  await runner.start({ name: 'grace', command: trap })
  expect((await runner.stop('grace', { graceMs: 50 })).state).toBe('stopped')
  await runner.start({
    name: 'signals',
    command: ['/bin/sh', '-c', 'trap "exit 5" USR1; while :; do sleep 1000 & wait; done'],
  })
  await runner.kill('signals', 'SIGSTOP')
  await runner.kill('signals', 'SIGCONT')
  await runner.kill('signals', 'SIGTERM')
  expect(await runner.wait('signals')).toMatchObject({ state: 'signaled', signal: 'SIGTERM' })
  const eater = 'x=x; while :; do x=$x$x; done'
  await runner.start({ name: 'oom', command: ['/bin/sh', '-c', eater], memoryMax: '16M' })
  expect((await runner.wait('oom')).state).toBe('oom')
  await runner.start({ name: 'lost', command: ['sleep', '1000'] })
  killHard(parentOf((await runner.status('lost')).pid!))
  expect((await runner.wait('lost')).state).toBe('lost')
  for (const name of ['timeout', 'signals', 'oom', 'lost']) await runner.stop(name)
}

/** What no runner of ours says. */
async function expectTaken(root: string): Promise<void> {
  await using peer = await RawPeer.connect(root)
  const start = [
    ['name', 'raw'],
    ['dir', join(root, 'nowhere/raw')],
    ['cgroup', '/nowhere'],
    ['cwd', '/'],
    ['arg', 'true'],
    ['capabilities', 0],
  ] as const
  for (const fields of [start.slice(0, 2), start.slice(0, 4), start, [...start, ['group', 'x'] as const]]) {
    expect(await peer.request('start', fields)).toMatchObject({ type: 'error' })
  }
  expect(await peer.request('start', [...start, ['x', 'x'.repeat(1_000_000)]])).toMatchObject({
    type: 'error',
    step: 'folder',
  })
  expect(
    await peer.request('watch', [
      ['name', 'a'],
      ['pid', 1],
      ['starttime', 1],
    ]),
  ).toMatchObject({ type: 'error' })
  peer.send(
    frameOf(
      payloadOf([
        ['type', 'known'],
        ['id', 'x'.repeat(100)],
      ]),
    ),
  )
  expect(await peer.reply()).toMatchObject({ type: 'error' })
  peer.send(Buffer.alloc(100, 0xff))
  expect(await peer.reply()).toMatchObject({ type: 'error' })
  await peer.closed
  // A runner that goes in the middle of a start.
  await using leaver = await RawPeer.connect(root)
  for (let index = 0; index < 20; index++) leaver.send(frameOf(payloadOf([['type', 'start'], ['id', index], ...start])))
  await leaver.request('known')
  leaver.socket.destroy()
  await eventually(async () => expect((await launcherProcesses(root)).inits.length).toBeLessThanOrEqual(1))
}
