import { mkdirSync, rmdirSync } from 'node:fs'
import { basename } from 'node:path'

import { expect } from 'vitest'

import { cgroupOf, test, untilGone, withHeld } from './place.ts'

const mount = '/sys/fs/cgroup'

test('a parent that is there is used, and stays', async ({ root }) => {
  const name = basename(root.path)
  mkdirSync(`${mount}/${name}`)
  // Named by its directory; by its path in the hierarchy below.
  const cgroupParent = `${mount}/${name}/`
  const { place } = await root.look("root's terminal", { config: { cgroupParent }, job: { memoryMax: '64M' } })
  expect(place).toMatchObject({ mode: 'parent', parent: cgroupParent, missing: {} })
  expect(place.tracking).toMatch(new RegExp(`^${mount}/${name}/corral-[0-9a-f]+\\.[0-9a-f]+$`))
  await untilGone(place.tracking)
  rmdirSync(`${mount}/${name}`)
})

test('a parent that is not there is made, and goes with the launcher', async ({ root }) => {
  const name = basename(root.path)
  const { place } = await root.look("root's terminal", {
    config: { cgroupParent: `/${name}/deep/er` },
    job: { cpuMax: '50000' },
  })
  expect(place.tracking).toMatch(new RegExp(`^${mount}/${name}/deep/er/corral-[0-9a-f]+\\.[0-9a-f]+$`))
  expect(place.missing).toEqual({})
  await untilGone(`${mount}/${name}`)
})

test('all jobs of a storage root live in one place', async ({ root }) => {
  await withHeld(root, async () => {
    const { place } = await root.look("root's terminal")
    const { error } = await root.look("root's terminal", { config: { cgroupParent: '/elsewhere' } })
    expect(error).toMatchObject({ code: 'CGROUP_UNAVAILABLE' })
    expect(error!.message).toContain(`live in ${place.tracking}, not below /elsewhere`)
  })
})

test('a parent that may not be written is refused by name', async ({ home }) => {
  const { error } = await home.look("a user's terminal", { config: { cgroupParent: '/system.slice/mine' } })
  expect(error).toMatchObject({ code: 'CGROUP_UNAVAILABLE' })
  expect(error!.message).toMatch(
    /^could not use the cgroup \/sys\/fs\/cgroup\/system\.slice\/mine: .*\(EACCES\); it was not handed over to this user$/,
  )
  const lines = await home.doctor("a user's terminal", '--cgroup-parent', '/system.slice/mine')
  expect(lines.get('jobs live in')).toMatchObject({ ok: false, detail: error!.message })
})

test('a user may name one of his own systemd', async ({ home }) => {
  const slice = '/user.slice/user-4242.slice/user@4242.service/app.slice'
  const name = basename(home.path)
  const { place, status } = await home.look("a user's terminal", {
    config: { cgroupParent: `${slice}/${name}` },
    job: { memoryMax: '64M' },
  })
  // The launcher is in a scope of the same systemd: from the session's, a user may bring no process there.
  const [launcher] = await home.launchers()
  expect(cgroupOf(launcher!)).toMatch(new RegExp(`^${slice}/corral-[0-9a-f.-]+\\.scope$`))
  expect(place.tracking.startsWith(`${mount}${slice}/${name}/corral-`)).toBe(true)
  expect(Object.keys(place.controllers).toSorted()).toEqual(['cpu', 'memory', 'pids'])
  expect(status.exitStatus).toBe(0)
})
