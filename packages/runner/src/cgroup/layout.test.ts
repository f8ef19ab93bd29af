import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test as base } from 'vitest'

import { findLayout, type Layout } from './layout.ts'

/** A program that prints the layout that it sees, or why there is none. */
const program = `
  import { findLayout } from '${new URL('layout.ts', import.meta.url).href}'
  console.log(JSON.stringify(await findLayout().catch((error) => error.message)))`

interface Machine {
  /** The layout as it is after a shell script has mounted, in a mount namespace of its own; `$d` is an empty folder. */
  seenAfter: (script: string) => Layout | string
  folder: string
}

const test = base.extend<Machine>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-layout-'))
    await use(folder)
    await rm(folder, { recursive: true })
  },
  seenAfter: async ({ folder }, use) => {
    await use((script) => {
      const node = [process.execPath, '--input-type=module', '--eval', program]
      const words = ['--mount', 'sh', '-ec', `d=${folder}\n${script}\nexec "$0" "$@"`, ...node]
      return JSON.parse(execFileSync('unshare', words, { encoding: 'utf8' })) as Layout | string
    })
  },
})

const here = await findLayout().catch(() => undefined)
const why = process.geteuid!() !== 0 ? 'mounting needs root' : here === undefined ? 'there is no cgroup v2' : undefined

describe.skipIf(why !== undefined)(`cgroups at odd places${why === undefined ? '' : `: ${why}`}`, () => {
  test('are found by what they are', ({ seenAfter, folder }) => {
    const points = [here!.unified, ...here!.v1].map(({ point }) => point)
    const binds = points.map((point, index) => `mkdir "$d/odd ${index}"; mount --bind ${point} "$d/odd ${index}"`)
    // What is at the usual place afterwards is none.
    const layout = seenAfter(`${binds.join('\n')}\nmount -t tmpfs none /sys/fs/cgroup`) as Layout
    expect(layout.kind).toBe(here!.kind)
    const found = [layout.unified, ...layout.v1].map(({ point, controllers }) => ({ point, controllers }))
    const expected = [here!.unified, ...here!.v1].map(({ controllers }, index) => ({
      point: `${folder}/odd ${index}`,
      controllers,
    }))
    expect(found).toEqual(expected)
  })

  test('that only look like it are not taken', ({ seenAfter }) => {
    const { point } = here!.unified
    const layout = seenAfter(
      `mkdir $d/real; mount --bind ${point} $d/real; mount -t tmpfs cgroup2 ${point}; echo > ${point}/cgroup.controllers`,
    ) as Layout
    expect(layout.unified.point).toMatch(/\/real$/)
  })

  test('of which one hides another are told apart', ({ seenAfter }) => {
    const { point } = here!.unified
    // The whole hierarchy, and above it on the same directory a part that our own cgroup is not in.
    const layout = seenAfter(
      `mkdir ${point}/corral-layout-$$; mount --bind ${point}/corral-layout-$$ ${point}`,
    ) as Layout
    expect(layout.unified.root).toMatch(/\/corral-layout-\d+$/)
    expect(layout.unified.own).toBeUndefined()
    execFileSync('rmdir', [join(point, layout.unified.root)])
  })

  test('that are read-only give way to those that are not', ({ seenAfter, folder }) => {
    const { point } = here!.unified
    const layout = seenAfter(`mkdir $d/rw; mount --bind ${point} $d/rw; mount -o remount,bind,ro ${point}`) as Layout
    expect(layout.unified).toMatchObject({ point: `${folder}/rw`, readOnly: false })
  })

  test('that are not there are asked for', ({ seenAfter }) => {
    const message = seenAfter('mount -t tmpfs none /sys/fs/cgroup')
    expect(message).toMatch(/^no cgroup v2 is mounted, .*mount -t cgroup2 none/)
  })
})

test('what is ours is where the kernel says', () => {
  const own = here?.unified.own
  if (own === undefined) return
  expect(readFileSync(join(own, 'cgroup.procs'), 'utf8').split('\n')).toContain(String(process.pid))
})
