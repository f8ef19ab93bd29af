import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Controller, Place } from './contract.ts'
import { findLayout } from './layout.ts'
import { isSystemdHost } from './systemd.ts'

/** A program that settles where jobs live, with itself as the launcher, prints that, and removes what it has made. */
const program = `
  import { rmdir } from 'node:fs/promises'
  import { choosePlace } from '${new URL('choose.ts', import.meta.url).href}'
  import { settlePlace } from '${new URL('settle.ts', import.meta.url).href}'
  const [storageId, cgroupParent] = process.argv.slice(1)
  const place = await settlePlace(await choosePlace({ storageId, cgroupParent }), storageId, process.pid)
  console.log(JSON.stringify(place))
  for (const directory of place.cleanup) await rmdir(directory)`
const layout = await findLayout().catch(() => undefined)
const isHere = layout?.kind === 'hybrid' && process.geteuid!() === 0 && !(await isSystemdHost())

/** Unified hosts, and those that systemd runs, are tested in the virtual machine: test/placement. */
describe.skipIf(!isHere)('root on a hybrid host without systemd', () => {
  const id = randomBytes(6).toString('hex')
  const own = `corral-settle-${id}`
  const memory = (): string => layout!.v1.find(({ controllers }) => controllers.includes('memory'))!.point
  const group = (): string => join(memory(), own)

  beforeEach(() => void mkdirSync(group()))
  afterEach(() => rmdirSync(group()))

  /** Settles from a process that is in a cgroup of its own in one hierarchy, and elsewhere where this one is. */
  function settle(...words: string[]): Place {
    const script = `echo 0 > ${group()}/cgroup.procs; exec "$0" "$@"`
    const node = [process.execPath, '--input-type=module', '--eval', program, '--', id, ...words]
    return JSON.parse(execFileSync('sh', ['-c', script, ...node], { encoding: 'utf8' })) as Place
  }

  test('has its jobs below its own cgroup in each hierarchy', () => {
    const place = settle()
    expect(place).toMatchObject({ mode: 'root', layout: 'hybrid', missing: {} })
    expect(place.tracking).toBe(join(layout!.unified.own ?? layout!.unified.point, `corral-${id}`))
    for (const { controllers, own: directory, point } of layout!.v1) {
      const expected = controllers.includes('memory') ? group() : (directory ?? point)
      for (const name of controllers)
        expect(place.controllers[name]).toEqual({ version: 1, directory: join(expected, `corral-${id}`) })
    }
    expect(place.inexpressible.memoryHigh).toBe('cgroup v1 has no such limit; memoryMax is there')
    for (const directory of place.cleanup) expect(existsSync(directory)).toBe(false)
  })

  test('may name a parent, which is made in each hierarchy, as a path or by a directory', () => {
    for (const parent of [`/${own}/deep`, join(layout!.unified.point, own, 'deep')]) {
      const place = settle(parent)
      expect(place).toMatchObject({ mode: 'parent', missing: {} })
      const points = new Map<Controller, string>(
        layout!.v1.flatMap(({ controllers, point }) => controllers.map((name) => [name, point] as const)),
      )
      for (const [name, point] of points)
        expect(place.controllers[name]!.directory).toBe(join(point, own, 'deep', `corral-${id}`))
      // Where it was made, it has gone again; where it was there, it stays.
      expect(existsSync(join(layout!.unified.point, own))).toBe(false)
      expect(existsSync(join(group(), 'deep'))).toBe(false)
      expect(existsSync(group())).toBe(true)
    }
  })

  test('is not led out of the hierarchy by dots', () => {
    const place = settle(`/../../../${own}`)
    expect(place.tracking).toBe(join(layout!.unified.point, own, `corral-${id}`))
  })
})
