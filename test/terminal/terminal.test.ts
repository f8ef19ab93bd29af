import { Readable } from 'node:stream'

import type { CgroupRunner } from '@corral/runner'
import { describe, expect } from 'vitest'

import { statField } from '../faults/host.ts'

import { readBytes, readText, runJob, untilOutput } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'

/** Keys that are pressed when the test presses them. */
function keyboard(): { keys: Readable; press: (text: string | null) => void } {
  const keys = new Readable({ read() {} })
  return { keys, press: (text) => void keys.push(text) }
}

describe('a job with a terminal', () => {
  test.for(['standard', 'strict', 'none'] as const)('has one of its own, in %s', async (isolation, { runner }) => {
    const command = sh('for fd in 0 1 2; do test -t $fd || echo $fd; done; tty; stty size; echo $TERM; ls /dev/pts')
    const { output } = await runJob(runner, { command, tty: true, isolation })
    expect(output).toBe('/dev/pts/0\r\n24 80\r\nxterm\r\n0  ptmx\r\n')
  })

  test('leads it: /dev/tty is it, whoever the user is', async ({ runner }) => {
    const command = sh('echo yes > /dev/tty; echo again > $(tty); ps -o tty= -p $$')
    const { output } = await runJob(runner, { command, tty: true, user: 'nobody' })
    expect(output).toBe('yes\r\nagain\r\npts/0\r\n')
  })

  test('has the size and the TERM that it is told', async ({ runner }) => {
    const config = { command: sh('stty size; echo $TERM'), env: { TERM: 'vt100' } }
    const { output } = await runJob(runner, { ...config, tty: { columns: 132, rows: 50 } })
    expect(output).toBe('50 132\r\nvt100\r\n')
    for (const tty of [{ columns: 0, rows: 1 }, { columns: 1 }, 'yes', { columns: 1, rows: 65_536 }]) {
      await expect(runner.start({ ...config, tty: tty as never })).rejects.toMatchObject({ option: 'tty' })
    }
  })

  test('hears of a new size', async ({ runner }) => {
    const script = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.02; done'
    const name = await runner.start({ command: sh(script), tty: true })
    await untilOutput(runner, name, 'ready\r\n')
    await runner.resize(name, { columns: 100, rows: 40 })
    await runner.wait(name)
    expect(await readText(runner, name)).toBe('ready\r\n40 100\r\n')
  })

  test('is typed at', async ({ runner }) => {
    const { keys, press } = keyboard()
    const name = await runner.start({ command: sh('stty -echo; echo ready; cat; echo end'), tty: true, stdin: keys })
    await untilOutput(runner, name, 'ready\r\n')
    press('a line\n')
    await untilOutput(runner, name, 'a line\r\n')
    press('begun')
    press(null)
    expect((await runner.wait(name)).exitStatus).toBe(0)
    expect(await readText(runner, name)).toBe('ready\r\na line\r\nbegunend\r\n')
  })

  test('ends its input with the end of the stream, on an empty line too, once', async ({ runner }) => {
    const config = { command: sh('stty -echo; cat; read x || echo end'), tty: true }
    const { keys, press } = keyboard()
    const name = await runner.start({ ...config, stdin: keys })
    press('a\n')
    await untilOutput(runner, name, 'a\r\n')
    press(null)
    // The second reader waits for what is still to be typed: nothing, ever.
    await expect(runner.wait(name, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/)
    expect((await runner.stop(name)).state).toBe('stopped')
  })

  test.for([
    ['\u0003', 'SIGINT'],
    ['\u001C', 'SIGQUIT'],
  ] as const)('%j is %s for the foreground process group', async ([key, signal], { runner }) => {
    const { keys, press } = keyboard()
    // With job control a shell makes a process group of each command.
    const script = 'trap : INT QUIT; set -m; sleep 1000; echo "ended $?"'
    const name = await runner.start({ command: sh(`stty -echo; echo ready; ${script}`), tty: true, stdin: keys })
    await untilOutput(runner, name, 'ready\r\n')
    await untilForeground(runner, name)
    press(key)
    const { exitStatus } = await runner.wait(name)
    expect(exitStatus).toBe(0)
    expect(await readText(runner, name)).toContain(`ended ${signal === 'SIGINT' ? 130 : 131}\r\n`)
  })

  test('loses nothing of what it shows at its end', async ({ runner }) => {
    const { output } = await runJob(runner, { command: ['seq', '100000'], tty: true })
    expect(output).toBe(Array.from({ length: 100_000 }, (_, index) => `${index + 1}\r\n`).join(''))
  })

  test('takes any amount of typing in its own time', { timeout: 60_000 }, async ({ runner }) => {
    const lines = 20_000
    const text = `${'x'.repeat(99)}\n`.repeat(lines)
    const command = sh('stty -echo -onlcr; echo ready; cat')
    const { keys, press } = keyboard()
    const name = await runner.start({ command, tty: true, stdin: keys })
    await untilOutput(runner, name, 'ready\n')
    press(text)
    press(null)
    await runner.wait(name)
    expect((await readBytes(runner, name)).length).toBe('ready\n'.length + text.length)
  })

  test('that does not read what is typed ends all the same', async ({ runner }) => {
    const { keys, press } = keyboard()
    const name = await runner.start({
      command: sh('stty raw -echo; echo ready; exec sleep 1000'),
      tty: true,
      stdin: keys,
    })
    await untilOutput(runner, name, 'ready')
    press('x'.repeat(4 * 1024 * 1024))
    expect((await runner.stop(name)).state).toBe('stopped')
  })

  test('may close it for a while', async ({ runner }) => {
    const command = sh('exec </dev/null >/dev/null 2>&1; sleep 0.1; echo back > /dev/tty')
    expect((await runJob(runner, { command, tty: true })).output).toBe('back\r\n')
  })
})

test('a job without a terminal has no size to change, and an ended one neither', async ({ runner }) => {
  const name = await runner.start({ command: ['sleep', '1000'] })
  await expect(runner.resize(name, { columns: 1, rows: 1 })).rejects.toMatchObject({
    code: 'CONTROL_FAILED',
    errno: 'ENOTTY',
  })
  await runner.stop(name, { keepOutput: true })
  await expect(runner.resize(name, { columns: 1, rows: 1 })).rejects.toMatchObject({ name: 'JobEndedError' })
})

/** Waits until the job's shell has put its child in the foreground. */
async function untilForeground(runner: CgroupRunner, name: string): Promise<void> {
  const { pid } = await runner.status(name)
  const [pgrp, tpgid] = [5, 8]
  await eventually(() => expect(statField(pid!, tpgid)).not.toBe(statField(pid!, pgrp)))
}
