import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { describe, expect } from 'vitest'

import { eventually } from '../support/eventually.ts'
import { cgroupOf, test, untilGone, withHeld } from './place.ts'

/** A job that goes on until there is a file `gate` in a folder. */
function gated(folder: string): string[] {
  return ['sh', '-c', `echo on; until [ -e ${folder}/gate ]; do sleep 0.1; done; echo off; exit 7`]
}

test('there is one scope a storage root, whoever uses it, and the launcher holds it', async ({ root }) => {
  const one = await withHeld(root, async () => {
    const seen = await Promise.all([root.look("root's terminal"), root.look("root's service")])
    const [{ place }] = seen
    expect(place.mode).toBe('scope')
    for (const other of seen) expect(other.place).toEqual(place)
    const runner = `${dirname(place.tracking)}/runner`
    for (const pid of await root.launchers()) expect(`/sys/fs/cgroup${cgroupOf(pid)}`).toBe(runner)
    expect(readFileSync(`${dirname(place.tracking)}/cgroup.procs`, 'utf8')).toBe('')
    return place
  })
  await untilGone(dirname(one.tracking))
  expect(await root.launchers()).toEqual([])
})

describe.each([
  ["root's terminal", 'root'],
  ["a user's terminal", 'home'],
] as const)('from %s', (from, owner) => {
  test('jobs outlive the launcher, and their true outcome is known', async ({ root, home }) => {
    const storage = owner === 'root' ? root : home
    const { name, place } = await storage.look(from, {
      config: { onExit: 'keep' },
      // The gate is in the storage root, which others do not see.
      job: { command: gated(storage.path), memoryMax: '64M', isolation: 'none' },
      leave: true,
    })
    const scope = dirname(place.tracking)
    // The launcher is the oldest of its storage root's processes; the others are its inits.
    const [launcher] = (await storage.launchers()).toSorted((a, b) => startTime(a) - startTime(b))
    process.kill(launcher!, 'SIGKILL')
    await eventually(() => {
      if (existsSync(`/proc/${launcher!}`)) throw new Error('the launcher lives')
    })
    expect(existsSync(`${place.tracking}/${name}`)).toBe(true)

    const next = await storage.look(from)
    expect(dirname(next.place.tracking)).not.toBe(scope)
    const waiting = storage.corral(from, 'wait', name)
    await storage.run(['touch', `${storage.path}/gate`])
    expect(await waiting).toEqual({ exitStatus: 7, stdout: '7\n', stderr: '' })
    expect((await storage.corral(from, 'logs', name)).stdout).toBe('on\noff\n')
    await storage.corral(from, 'rm', name)
    await untilGone(scope, dirname(next.place.tracking))
  })
})

/** Field 22 of proc_pid_stat(5). */
function startTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}
