import { describe, expect } from 'vitest'

import { test } from './corral.ts'

test('mistypes are answered with what was meant', async ({ corral }) => {
  expect(await corral.run('rnu')).toEqual({
    exitStatus: 125,
    stdout: '',
    stderr: "corral: unknown command 'rnu'\n(Did you mean run?)\nSee 'corral --help'.\n",
  })
  for (const words of [
    ['help', 'rnu'],
    ['rnu', '--help'],
  ])
    expect(await corral.run(...words)).toMatchObject({ exitStatus: 125, stdout: '' })
  expect((await corral.run('run', '--memory', '64M', 'true')).stderr).toContain(
    'Did you mean one of --memory-max, --memory-high?',
  )
})

test('help and version', async ({ corral }) => {
  expect(await corral.run()).toEqual(await corral.run('--help'))
  expect(await corral.run('help', 'run')).toMatchObject({
    exitStatus: 0,
    stdout: expect.stringContaining('--memory-max'),
    stderr: '',
  })
  expect((await corral.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

describe('completion', () => {
  test.for(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell, { corral }) => {
    const { exitStatus, stdout, stderr } = await corral.run('completion', shell)
    expect({ exitStatus, stderr }).toEqual({ exitStatus: 0, stderr: '' })
    expect(stdout).toMatch(/corral complete '?--'?/)
  })

  test('the script for bash is one', async ({ corral }) => {
    expect(await corral.shell('corral completion bash | bash -n')).toEqual({ exitStatus: 0, stdout: '', stderr: '' })
  })

  test('completes commands, options, choices and jobs, and leaves files to the shell', async ({ corral }) => {
    const complete = async (...words: string[]): Promise<string[]> =>
      (await corral.run('complete', '--', ...words)).stdout.split('\n').map((line) => line.split('\t')[0]!)
    const name = await corral.detach('sleep', '1000')
    expect(await complete('st')).toEqual(expect.arrayContaining(['status', 'stats', 'stop']))
    expect(await complete('run', '--mem')).toEqual(expect.arrayContaining(['--memory-max', '--memory-high']))
    expect(await complete('ps', '--format', '')).toEqual(expect.arrayContaining(['table', 'json', 'ndjson']))
    expect(await complete('run', '--isolation', '')).toEqual(expect.arrayContaining(['standard', 'strict', 'none']))
    expect(await complete('logs', '')).toContain(name)
    expect(await complete('rm', name, '')).toContain(name)
    expect(await complete('run', '--', './')).toEqual([':0', ''])
  })
})

test('doctor has a line for each thing, in words where there is no terminal', async ({ corral }) => {
  const { exitStatus, stdout } = await corral.run('doctor')
  expect(exitStatus).toBe(0)
  expect(stdout).toMatch(/^(ok|warn|no) +\S/)
  const lines = JSON.parse((await corral.run('doctor', '--json')).stdout) as unknown[]
  expect(lines.length).toBeGreaterThan(3)
  expect(lines[0]).toMatchObject({ ok: expect.anything(), what: expect.any(String), detail: expect.any(String) })
})
