import { describe, expect, test } from 'vitest'

import { commands } from './commands/index.ts'
import { runProgram, wholeProgram } from './program.ts'

describe('help', () => {
  test.each(commands.filter(({ hidden }) => !hidden).map(({ name }) => name))('of %s has examples', async (name) => {
    const { exitStatus, out, err } = await runProgram([name, '--help'])
    expect({ exitStatus, err }).toEqual({ exitStatus: 0, err: '' })
    expect(out).toMatch(new RegExp(`^Usage: corral ${name}[^]*\nExamples:\n {2}\\$ `))
    expect(await runProgram(['help', name])).toEqual({ exitStatus, out, err })
  })

  test('lists all commands but the hidden one', async () => {
    const { out } = await runProgram([])
    for (const { name, summary, hidden } of commands) {
      if (hidden) expect(out).not.toContain(summary)
      else expect(out).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
    }
  })

  test('fits eighty columns where it is not prose', async () => {
    for (const { options } of (await wholeProgram()).commands)
      for (const { flags } of options) expect(flags.length).toBeLessThan(30)
  })
})

describe('mistakes', () => {
  test.each([
    [['rnu'], "corral: unknown command 'rnu'\n(Did you mean run?)\nSee 'corral --help'.\n"],
    [
      ['run', '--timout', '3', 'x'],
      "corral: unknown option '--timout'\n(Did you mean --timeout?)\nSee 'corral run --help'.\n",
    ],
    [
      ['run', '--pids', '3', 'x'],
      "corral: unknown option '--pids'\n(Did you mean --pids-max?)\nSee 'corral run --help'.\n",
    ],
    [['run', '--memory=3', 'x'], /unknown option.*\n\(Did you mean one of --memory-max, --memory-high\?\)/],
    [['run'], /missing required argument 'command'/],
    [['run', '--timeout', 'soon', 'x'], /'soon' is invalid. Accepted: 500ms, 30s/],
    [['logs'], /missing required argument 'name'/],
    [['logs', 'a', 'b'], /too many arguments/],
    [['ps', '--format', 'xml'], /Allowed choices are table, json, ndjson/],
  ])('%j', async (argv, message) => {
    const { exitStatus, out, err } = await runProgram(argv)
    expect({ exitStatus, out }).toEqual({ exitStatus: 125, out: '' })
    if (typeof message === 'string') expect(err).toBe(message)
    else expect(err).toMatch(message)
  })
})

test('--version is the version of the package', async () => {
  expect((await runProgram(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
