import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { runJob, startReady } from '../support/jobs.ts'
import { namespaceNames, ownNamespace, probe } from '../support/probe.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const made = ['pid', 'mnt', 'net', 'ipc', 'uts', 'cgroup'] as const

describe('namespaces', () => {
  test('are all new', async ({ runner }) => {
    const { namespaces } = await probe(runner)
    expect(made.filter((name) => namespaces[name] === ownNamespace(name))).toEqual([])
    expect(Object.keys(namespaces).toSorted()).toEqual([...namespaceNames].toSorted())
  })

  test('are not those of another job', async ({ runner }) => {
    const names = await Promise.all(
      [1, 2].map(async () => startReady(runner, { command: sh('echo ready; exec sleep 1000') })),
    )
    const [one, two] = await Promise.all(names.map(async (name) => (await runner.status(name)).pid))
    const all = await Promise.all(
      [one, two].map(async (pid) => Promise.all(made.map(async (name) => readlink(`/proc/${pid}/ns/${name}`)))),
    )
    expect(new Set(all.flat()).size).toBe(2 * made.length)
  })

  test('keep the job from changing the name of the host', async ({ runner }) => {
    const before = hostname()
    const { output } = await runJob(runner, {
      command: sh('hostname changed && hostname'),
      isolation: { capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none' },
    })
    expect(output).toBe('changed\n')
    expect(hostname()).toBe(before)
  })
})

describe('/proc', () => {
  test('shows the processes of the job alone', async ({ runner }) => {
    const { processes, pid } = await probe(runner)
    expect(processes).toEqual([1, pid])
  })

  test('is hidden from the host', async ({ runner }) => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8')
    await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
  })
})

describe('mounts', () => {
  test('that a job makes do not reach the host', async ({ runner, folder }) => {
    const target = join(folder, 'target')
    await mkdir(target)
    const before = readFileSync('/proc/self/mountinfo', 'utf8')
    const name = await startReady(runner, {
      command: sh('mount -t tmpfs none "$1" && touch "$1/file" && echo ready; exec sleep 1000', target),
      isolation: 'none',
    })
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
    expect(existsSync(join(target, 'file'))).toBe(false)
    await runner.stop(name)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
  })
})

describe('cgroups', () => {
  test('have the job at their root', async ({ runner }) => {
    const { cgroup } = await probe(runner)
    expect(/^0::(.*)$/m.exec(cgroup)?.[1]).toBe('/')
  })
})

describe('the network', () => {
  test('is the loopback interface and nothing else', async ({ runner }) => {
    expect(await probe(runner)).toMatchObject({ interfaces: ['lo'], loopback: 'ok', outside: 'ENETUNREACH' })
  })

  test('is the loopback interface and nothing else in /proc/net/dev', async ({ runner }) => {
    const { output } = await runJob(runner, { command: ['cat', '/proc/net/dev'] })
    const interfaces = output.split('\n').flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? [])
    expect(interfaces).toEqual(['lo'])
  })

  test('does not reach abstract sockets of the host', async ({ runner }) => {
    const { output } = await runJob(runner, { command: ['cat', '/proc/net/unix'] })
    expect(output.trim().split('\n')).toHaveLength(1)
  })
})
