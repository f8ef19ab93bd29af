import { constants } from 'node:os'

import { describe, expect } from 'vitest'

import { test } from './daemon.ts'
import { inTerminal } from './typing.ts'

test('a job has a terminal as large as ours, hears of changes, and leaves ours as it was', async ({ there }) => {
  const script = 'stty size; trap "stty size; read x; echo got \\$x; exit 7" WINCH; while :; do sleep 0.02; done'
  const running = inTerminal(there, 'run', '-it', '--', 'sh', '-c', script)
  await running.until(/40 120\r\n/)
  running.resize()
  await running.until(/50 90\r\n/)
  running.type('word\r')
  expect((await running.end).stdout).toMatch(/got word\r\nexited 7 restored\n$/)
  expect(await there.names()).toEqual([])
})

test('what is typed goes to the job, Ctrl-C too', async ({ there }) => {
  const script = 'trap "echo caught; exit 3" INT; echo ready; while :; do sleep 0.02; done'
  const running = inTerminal(there, 'run', '-it', '--', 'sh', '-c', script)
  await running.until(/ready/)
  running.type('\u0003')
  expect((await running.end).stdout).toMatch(/caught\r\nexited 3 restored\n$/)
})

test('a further command has a terminal', async ({ there }) => {
  const name = await there.detach('--', 'sleep', '1000')
  const script = 'stty size; read x; echo "got $x"; exit 6'
  const running = inTerminal(there, 'exec', '-it', name, '--', 'sh', '-c', script)
  await running.until(/40 120\r\n/)
  running.type('word\r')
  expect((await running.end).stdout).toMatch(/got word\r\nexited 6 restored\n$/)
})

/** The last that it wrote was to give the screen back. */
function expectLeft(stdout: string, ended: string): void {
  expect(stdout.slice(stdout.lastIndexOf('\u001B[?25h'))).toBe(`\u001B[?25h\u001B[?1049l${ended} restored\n`)
}

describe('top', () => {
  test('shows what runs and what begins, sorts by keys, and leaves the terminal as it was', async ({ there }) => {
    await there.detach('--name', 'idle', 'sleep', '1000')
    const top = inTerminal(there, 'top')
    await top.until(/corral top: unix:[^]*: 1 active[^]*\nidle +active for /)
    await there.detach('--name', 'busy', '--', 'sh', '-c', 'while :; do :; done')
    await top.until(/2 active[^]*\nbusy +active[^]*\r\nidle +active/)
    top.type('n')
    await top.until(/by name;/)
    top.resize()
    await top.until(/PROCESSES {2}COMMAND {1,20}[^ \w]/)
    await there.run('rm', '-f', 'busy')
    await top.until(/1 active(?![^]*busy)/)
    top.type('q')
    expectLeft((await top.end).stdout, 'exited 0')
  })

  test.for(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'leaves the terminal as it was after %s',
    async (signal, { corral }) => {
      const top = inTerminal(corral, 'top')
      await top.until(/by cpu;/)
      if (signal === 'SIGINT') top.type('\u0003')
      else top.kill(signal)
      expectLeft((await top.end).stdout, `signaled ${constants.signals[signal]}`)
    },
  )

  test('leaves the terminal as it was when the daemon goes for good', async ({ corrald, there }) => {
    const top = inTerminal(there, 'top')
    await top.until(/by cpu;/)
    await corrald.stop()
    top.type('q')
    expectLeft((await top.end).stdout, 'exited 0')
    await corrald.start()
  })
})
