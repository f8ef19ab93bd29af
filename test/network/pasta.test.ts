import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, inject } from 'vitest'

import { eventually } from '../support/eventually.ts'
import { program, sh } from '../support/programs.ts'
import { addresses } from './addresses.ts'
import { type Host, test } from './host.ts'

const isolation = { network: 'private' } as const

async function noPasta(host: Host): Promise<void> {
  await eventually(async () => expect(await host.pastas()).toEqual([]))
}

describe('pasta', () => {
  test.for([{ user: undefined }, { user: 'nobody' }])('goes with the job of $user', async ({ user }, { host }) => {
    const who = user === undefined ? {} : { user }
    await host.run({ ...who, command: ['true'], isolation })
    expect(await host.pastas()).toEqual([])
    const name = await host.start({ ...who, command: sh('echo ready; exec sleep 1000'), isolation })
    expect(await host.pastas()).toHaveLength(1)
    await host.stop(name)
    expect(await host.pastas()).toEqual([])
  })

  test('goes when the init of the job is killed', async ({ host }) => {
    const name = await host.start({ command: sh('echo ready; exec sleep 1000'), isolation })
    const pid = await host.pid(name)
    process.kill(await parentOf(pid), 'SIGKILL')
    expect((await host.finish(name)).status.state).toBe('lost')
    await noPasta(host)
    await host.stop(name)
  })

  test('that is killed leaves the job without a network', async ({ host }) => {
    const ask = `${program('talk')} tcp ${addresses.outside} 7`
    const script = `${ask}; echo ready; while ${ask} | grep -qv '^E'; do :; done; echo cut off`
    const name = await host.start({ command: sh(script), isolation })
    const [pid] = await host.pastas()
    process.kill(pid!, 'SIGKILL')
    await noPasta(host)
    const { output, status } = await host.finish(name)
    expect(output).toBe(`${addresses.host}\nready\ncut off\n`)
    expect(status.exitStatus).toBe(0)
  })

  test('is out of reach of the job', async ({ host }) => {
    const script = `pasta=$(grep -lE '^Name:.(pasta|passt)' /proc/[0-9]*/status | cut -d/ -f3)
      test -n "$pasta" || exit 9
      for file in ns/net ns/user root fd/0 exe; do readlink /proc/$pasta/$file; done
      ls /proc/$pasta/root/; cat /proc/$pasta/environ; cat /proc/$pasta/fd/6 /proc/$pasta/maps
      nsenter --target $pasta --net true && echo entered
      echo checked`
    for (const who of [{}, { user: 'nobody' }, { isolation: { ...isolation, profile: 'strict' } as const }]) {
      const { output, status } = await host.run({ command: sh(`{ ${script}; } 2>/dev/null`), isolation, ...who })
      expect([output, status.exitStatus]).toEqual(['checked\n', 0])
    }
  })

  test('is not in the cgroup of the job', async ({ host }) => {
    const { status } = await host.run({ command: ['true'], isolation, pidsMax: 1, memoryMax: '4M' })
    expect(status.state).toBe('exited')
  })

  test('that is missing refuses the start, and says what to install', async ({ host }) => {
    const before = await host.setPath('/nowhere')
    try {
      await expect(host.run({ command: ['/bin/true'], isolation })).rejects.toMatchObject({
        code: 'FENCE_REFUSED',
        message: expect.stringContaining('install passt'),
      })
    } finally {
      await host.setPath(before)
    }
  })

  test('that fails refuses the start with what it said', async ({ host }) => {
    const folder = await mkdtemp(join(inject('runFolder'), 'corral-pasta-'))
    await writeFile(join(folder, 'pasta'), '#!/bin/sh\necho "no such luck" >&2; exit 1\n', { mode: 0o755 })
    const before = await host.setPath(folder)
    const jobs = await host.jobs()
    try {
      await expect(host.run({ command: ['/bin/true'], isolation })).rejects.toMatchObject({
        code: 'FENCE_REFUSED',
        message: expect.stringContaining(`${folder}/pasta: no such luck`),
      })
      expect(await host.jobs()).toEqual(jobs)
    } finally {
      await host.setPath(before)
      await rm(folder, { recursive: true })
    }
  })
})

async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1])
}
