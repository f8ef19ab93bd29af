import { describe, expect } from 'vitest'

import { test } from './corral.ts'

describe('ps', () => {
  test('lists what runs, and with -a what has ended', async ({ corral }) => {
    expect((await corral.run('ps')).stdout).toBe('NAME  STATE  STARTED  COMMAND\n')
    const name = await corral.detach('--', 'sleep', '1000')
    await corral.detach('--name', 'bad', '--', 'sh', '-c', 'exit 4')
    await corral.run('wait', 'bad')
    const { stdout } = await corral.run('ps', '-a')
    expect(stdout).toMatch(new RegExp(`^${name.slice(0, 12)}  active for \\S+ +\\S+ ago +sleep 1000$`, 'm'))
    expect(stdout).toMatch(/^bad +exited 4 +\S+ ago +sh -c 'exit 4'$/m)
    expect((await corral.run('ps')).stdout).not.toContain('bad')
    expect((await corral.run('ps', '--no-trunc')).stdout).toContain(name)
    expect((await corral.run('ps', '-q')).stdout).toBe(`${name}\n`)
  })

  test('filters, and prints for programs', async ({ corral }) => {
    await corral.detach('--name', 'a', '-l', 'team=shop', '-l', 'tier=1', 'true')
    await corral.detach('--name', 'b', '-l', 'team=shop', 'sleep', '1000')
    await corral.run('wait', 'a')
    const names = async (...words: string[]): Promise<string> => (await corral.run('ps', '-q', ...words)).stdout
    expect(await names('-a', '--filter', 'label=team=shop')).toBe('a\nb\n')
    expect(await names('-a', '--filter', 'label=tier')).toBe('a\n')
    expect(await names('--filter', 'state=exited')).toBe('a\n')
    expect(await names('--filter', 'label=team=shop', '--filter', 'state=active')).toBe('b\n')
    const list = JSON.parse((await corral.run('ps', '-a', '--format', 'json')).stdout) as {
      name: string
      labels: object
    }[]
    expect(list).toMatchObject([
      { name: 'a', state: 'exited', labels: { team: 'shop', tier: '1' } },
      { name: 'b', active: true },
    ])
    const lines = (await corral.run('ps', '-a', '--format', 'ndjson')).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toHaveLength(2)
    expect((await corral.run('ps', '--filter', 'state=odd')).stderr).toMatch(
      /there is no state 'odd'; accepted: active/,
    )
  })
})

test('status and inspect tell what is known', async ({ corral }) => {
  await corral.detach('--name', 'web', '--memory-max', '64M', '--env', 'A=1', '--', 'sleep', '1000')
  expect((await corral.run('status', 'web')).stdout).toMatch(
    /^name +web\nstate +active for .*\nstarted +20.*\npid +\d+\nisolation +standard, root host, network none, seccomp default\noutput +0B\ncpu +/,
  )
  expect(JSON.parse((await corral.run('status', '--json', 'web')).stdout)).toMatchObject({
    name: 'web',
    state: 'active',
  })
  const description = JSON.parse((await corral.run('inspect', 'web')).stdout) as { outputPath: string }
  expect(description).toMatchObject({
    command: ['sleep', '1000'],
    spec: { limits: { memoryMax: '64M' }, env: { A: '1' } },
  })
  expect(description.outputPath.startsWith(corral.storageRoot)).toBe(true)
})

describe('stats', () => {
  test('once', async ({ corral }) => {
    await corral.detach('--name', 'web', '--memory-max', '64M', '--', 'sleep', '1000')
    const { stdout } = await corral.run('stats', '--no-stream')
    expect(stdout).toMatch(/^NAME +CPU % +HELD BACK +MEMORY +LIMIT .*\nweb +\d+\.\d +\S+.* 64M /)
    const list = JSON.parse((await corral.run('stats', '--no-stream', '--format', 'json', 'web')).stdout) as unknown
    expect(list).toMatchObject([{ name: 'web', memoryMaxBytes: 67_108_864, pids: 1 }])
  })

  test('again and again, until the job has ended', async ({ corral }) => {
    await corral.detach('--name', 'web', '--', 'sleep', '1000')
    const stats = corral.start('stats', '--format', 'ndjson', 'web')
    await stats.until(/\n.*\n/)
    await corral.run('stop', '-t', '0', 'web')
    expect(await stats.end).toMatchObject({ exitStatus: 0, stderr: '' })
  })
})

test('events tell of jobs that others start and remove', async ({ corral }) => {
  const events = corral.start('events', '--format', 'ndjson')
  // It says nothing before the first event: jobs are run until it has heard of one.
  await expect
    .poll(
      async () => {
        await corral.run('run', '--', 'sh', '-c', 'exit 3')
        return events.stdout
      },
      { timeout: 60_000 },
    )
    .toContain('"removed"')
  const types = events.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type)
  expect(types).toEqual(expect.arrayContaining(['exited', 'removed']))
  expect(events.stdout).toContain('"exitStatus":3')
})

test('freeze, thaw and update', async ({ corral }) => {
  await corral.detach('--name', 'web', '--', 'sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done')
  expect(await corral.run('freeze', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
  const frozen = (await corral.run('logs', 'web')).stdout
  expect((await corral.run('logs', 'web')).stdout).toBe(frozen)
  const logs = corral.start('logs', '-f', '--tail', '0', 'web')
  expect(await corral.run('thaw', 'web')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
  await logs.until(/\d/)
  expect(await corral.run('update', 'web', '--pids-max', '7')).toEqual({ exitStatus: 0, stdout: 'web\n', stderr: '' })
  expect((await corral.run('inspect', 'web')).stdout).toMatch(/"pidsMax": 7/)
  expect(await corral.run('update', 'web')).toMatchObject({
    exitStatus: 125,
    stderr: expect.stringContaining('no limit to change'),
  })
})
