import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'

import { afterAll, beforeAll, describe, expect } from 'vitest'

import { startReady } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { type Attempt, attack, type Control, test } from './attempt.ts'
import { run } from './verdict.ts'

/** A word that nothing else on this host knows. */
const secret = `corral-secret-${randomUUID()}`

/** A process of the tests' own, on the host: whom the controls attack. */
let victim: ChildProcess

beforeAll(async () => {
  victim = spawn('/bin/sh', ['-c', 'echo; read -r line', secret], {
    env: { SECRET: secret },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => victim.stdout!.once('data', resolve))
})

afterAll(async () => {
  const end = new Promise((resolve) => victim.once('close', resolve))
  victim.stdin!.end()
  await end
})

/** An attack on init, which works on the victim. */
function onInit(what: string, ...words: [program: string, ...words: string[]]): Attempt {
  const [program, ...rest] = words
  const against = (pid: string): [string, ...string[]] => [program, ...rest.map((word) => word.replace('PID', pid))]
  return { what, command: against('1'), control: { in: 'host', command: () => against(String(victim.pid)) } }
}

describe('init', () => {
  attack([
    onInit('tracing it', 'trace', 'PID'),
    onInit('reading its memory', 'read-memory', 'PID'),
    onInit('writing its memory', 'write-memory', 'PID'),
    onInit('taking a descriptor of it', 'take-descriptor', 'PID'),
    onInit('opening its memory in /proc', 'open-write', '/proc/PID/mem'),
    onInit('reading its environment', 'open-read', '/proc/PID/environ'),
    onInit('reading what it has mapped', 'open-read', '/proc/PID/maps'),
    onInit('opening what it has open', 'open-path', '/proc/PID/fd/0'),
    onInit('reaching its root', 'open-path', '/proc/PID/root/.'),
    onInit('reaching its working directory', 'open-path', '/proc/PID/cwd/.'),
    onInit('reaching the program it runs, the launcher', 'open-path', '/proc/PID/exe'),
    ...['mnt', 'net', 'ipc', 'uts', 'cgroup', 'pid'].map((kind) =>
      onInit(`entering its ${kind} namespace`, 'setns', `/proc/PID/ns/${kind}`),
    ),
  ])
})

const onHost: Control = { in: 'host' }

describe('processes of the host', () => {
  attack([
    {
      what: 'finding one by its command line',
      command: ['find-process', 'cmdline', secret],
      control: onHost,
      alone: true,
    },
    { what: 'finding one by its environment', command: ['find-process', 'environ', secret], control: onHost },
    { what: 'signalling one', command: () => ['signal', String(victim.pid)], control: onHost, refusal: /ESRCH/ },
    {
      what: 'tracing one',
      command: () => ['trace', String(victim.pid)],
      control: onHost,
      refusal: /ESRCH|EPERM/,
    },
    {
      what: 'taking a descriptor of one',
      command: () => ['take-descriptor', String(victim.pid)],
      control: onHost,
      refusal: /ESRCH|EPERM/,
    },
  ])
})

describe("the runner's own process", () => {
  process.env['CORRAL_TEST_SECRET'] = secret
  afterAll(() => void delete process.env['CORRAL_TEST_SECRET'])
  attack([
    { what: 'reading its environment', command: ['open-read', `/proc/${process.pid}/environ`], control: onHost },
    { what: 'signalling it', command: ['signal', String(process.pid)], control: onHost, refusal: /ESRCH/ },
  ])
})

describe('what a job inherits', () => {
  const withFolder = ['sh', '-c', 'exec "$@" 7</', 'sh']
  attack([
    { what: 'a descriptor', command: ['descriptors'], control: { in: 'host', by: withFolder } },
    {
      what: 'a folder behind a descriptor',
      command: ['list', '/proc/self/fd/7'],
      control: { in: 'host', by: withFolder },
    },
    {
      what: 'the folder that holds what a descriptor is open on',
      command: ['list', '/proc/self/fd/1/..'],
      control: { in: 'host', by: ['sh', '-c', '"$@" >/ 2>/dev/null || exec "$1" /proc/self/fd/7/.. 7</', 'sh'] },
    },
  ])
})

describe('another job', () => {
  // A host's process is whom the control finds: that the word can be found is all that it shows.
  test.for(['standard', 'strict'] as const)(
    'is not seen, found or signalled from one in %s',
    async (profile, { arena }) => {
      const { runner } = arena
      const name = await startReady(runner, {
        command: sh('echo ready; exec sleep 1000', secret),
        env: { SECRET: secret },
        isolation: { profile },
      })
      try {
        const { pid } = await runner.status(name)
        for (const file of ['cmdline', 'environ']) {
          expect(await run(runner, ['find-process', file, secret], { isolation: { profile } })).toBe(
            'refused: nothing there',
          )
        }
        expect(await run(runner, ['signal', String(pid)], { isolation: { profile } })).toBe('refused: ESRCH')
        // To all that there is: nobody.
        expect(await run(runner, ['signal', '-1'], { isolation: { profile } })).toMatch(
          /^(refused: ESRCH|refused: EPERM)$/,
        )
        expect((await runner.status(name)).active).toBe(true)
      } finally {
        await runner.stop(name)
      }
    },
  )
})
