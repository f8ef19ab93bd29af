import { createHash } from 'node:crypto'

import { describe, expect } from 'vitest'

import { test } from './corral.ts'
import { inTerminal } from './typing.ts'

describe('standard input', () => {
  test('goes to the job, to its end', async ({ corral }) => {
    const hash = createHash('sha256').update(Buffer.alloc(20_000_000)).digest('hex')
    const { stdout, exitStatus } = await corral.shell('head -c 20000000 /dev/zero | corral run -i -- sha256sum')
    expect({ stdout, exitStatus }).toEqual({ stdout: `${hash}  -\n`, exitStatus: 0 })
    expect((await corral.shell('echo from a file > in; corral run -i cat < in')).stdout).toBe('from a file\n')
    expect((await corral.shell('corral run -i cat < /dev/null')).stdout).toBe('')
  })

  test('stays ours without -i', async ({ corral }) => {
    expect((await corral.shell('echo ours | (corral run cat; cat)')).stdout).toBe('ours\n')
  })

  test('that has no end, or is not read, keeps nobody waiting', async ({ corral }) => {
    // Its other end stays open for as long as this process lives.
    const running = corral.attach('run', '-i', '--', 'sh', '-c', 'exit 4')
    expect((await running.end).exitStatus).toBe(4)
    expect(await corral.shell('(yes || true) | corral run -i true')).toMatchObject({ exitStatus: 0, stderr: '' })
  })

  test('is not for a job that is left running', async ({ corral }) => {
    expect(await corral.run('run', '-di', 'cat')).toMatchObject({
      exitStatus: 125,
      stderr: expect.stringContaining('--interactive'),
    })
  })
})

describe('a terminal', () => {
  test('must be there', async ({ corral }) => {
    for (const words of [['true'], ['job', 'true']]) {
      const { exitStatus, stderr } = await corral.run(words.length === 1 ? 'run' : 'exec', '-it', ...words)
      expect(exitStatus).toBe(125)
      expect(stderr).toMatch(/^corral: --tty: our standard input is no terminal/)
    }
  })

  test('is as large as ours, hears of changes, and leaves ours as it was', async ({ corral }) => {
    const script = 'stty size; trap "stty size; read x; echo got \\$x; exit 7" WINCH; while :; do sleep 0.02; done'
    const running = inTerminal(corral, 'run', '-it', '--', 'sh', '-c', script)
    await running.until(/40 120\r\n/)
    running.resize()
    await running.until(/50 90\r\n/)
    running.type('word\r')
    const { stdout } = await running.end
    expect(stdout).toMatch(/got word\r\nexited 7 restored\n$/)
  })

  test('has what is typed, Ctrl-C too, go to the job, and not to corral', async ({ corral }) => {
    const running = inTerminal(
      corral,
      'run',
      '-it',
      '--',
      'sh',
      '-c',
      'trap "echo caught; exit 3" INT; echo ready; while :; do sleep 0.02; done',
    )
    await running.until(/ready/)
    running.type('\u0003')
    expect((await running.end).stdout).toMatch(/\^C?.*caught\r\nexited 3 restored\n$/)
  })

  test.for(['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const)('is as it was after %s', async (signal, { corral }) => {
    const running = inTerminal(corral, 'run', '-it', '--', 'sh', '-c', 'echo ready; exec sleep 1000')
    await running.until(/ready/)
    running.kill(signal)
    expect((await running.end).stdout).toMatch(/exited 1\d\d restored\n$/)
  })

  test('is as it was after a failure of ours', async ({ corral }) => {
    const running = inTerminal(corral, 'run', '-it', '--', 'nowhere')
    expect((await running.end).stdout).toMatch(/not find|could not execute[^]*exited 127 restored\n$/)
  })

  test('and its output is on record', async ({ corral }) => {
    const name = await corral.detach('-t', '--', 'sh', '-c', 'tty; echo end')
    await corral.run('wait', name)
    expect((await corral.run('logs', name)).stdout).toBe('/dev/pts/0\r\nend\r\n')
  })
})

describe('exec', () => {
  test('runs a command in a job, with its exit status and its input', async ({ corral }) => {
    const name = await corral.detach('-e', 'A=1', '--', 'sleep', '1000')
    expect(await corral.run('exec', '-e', 'B=2', '-w', '/usr', name, 'sh', '-c', 'echo $A $B; pwd; exit 5')).toEqual({
      exitStatus: 5,
      stdout: '1 2\n/usr\n',
      stderr: '',
    })
    expect((await corral.shell(`echo in | corral exec -i ${name} -- cat -n`)).stdout).toBe('     1\tin\n')
    expect((await corral.run('exec', name, 'nowhere')).exitStatus).toBe(127)
    expect((await corral.run('exec', '--timeout', '50ms', name, 'sleep', '1000')).exitStatus).toBe(124)
    expect((await corral.run('exec', name, '--', 'sh', '-c', 'kill -9 $$')).exitStatus).toBe(137)
  })

  test('has a terminal', async ({ corral }) => {
    const name = await corral.detach('--', 'sleep', '1000')
    const running = inTerminal(
      corral,
      'exec',
      '-it',
      name,
      '--',
      'sh',
      '-c',
      'stty size; read x; echo "got $x"; exit 6',
    )
    await running.until(/40 120\r\n/)
    running.type('word\r')
    expect((await running.end).stdout).toMatch(/got word\r\nexited 6 restored\n$/)
  })

  test('ends with the job, and with us', async ({ corral }) => {
    const name = await corral.detach('--', 'sleep', '1000')
    const running = corral.start('exec', name, '--', 'sh', '-c', 'echo ready; sleep 1000')
    await running.until(/ready/)
    await corral.run('rm', '-f', name)
    expect(await running.end).toMatchObject({
      exitStatus: 137,
      stderr: `corral: ${name} has ended, and the command with it\n`,
    })
    const other = await corral.detach('--', 'sleep', '1000')
    const killed = corral.start('exec', other, '--', 'sh', '-c', 'echo ready; exec sleep 77')
    await killed.until(/ready/)
    killed.child.kill('SIGKILL')
    await killed.end
    await expect
      .poll(async () => (await corral.run('exec', other, 'ps', '-C', 'sleep', '-o', 'args=')).stdout)
      .toBe('sleep 1000\n')
  })

  test('says what is not so', async ({ corral }) => {
    expect(await corral.run('exec', 'none', 'true')).toMatchObject({
      exitStatus: 125,
      stderr: expect.stringContaining('no job'),
    })
    const name = await corral.detach('--', 'sleep', '1000')
    await corral.run('freeze', name)
    expect(await corral.run('exec', name, 'true')).toMatchObject({
      exitStatus: 125,
      stderr: expect.stringContaining('thaw'),
    })
  })
})
