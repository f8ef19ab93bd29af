import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openBelow, walk } from './walk.ts'

let folder: string
let root: string
let descriptors: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-walk-'))
  root = join(folder, 'root')
  await mkdir(join(root, 'out/deep'), { recursive: true })
  await writeFile(join(root, 'out/a'), 'one')
  await writeFile(join(root, 'out/deep/b'), 'two')
  await writeFile(join(folder, 'secret'), 'secret')
  descriptors = openDescriptors()
})
afterEach(async () => {
  expect(openDescriptors()).toBe(descriptors)
  await rm(folder, { recursive: true })
})

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** What a walk finds: of a file what it holds. */
async function found(path: string): Promise<Record<string, string | null> | undefined> {
  const start = await openBelow(root, path)
  if (!start) return undefined
  const entries: Record<string, string | null> = {}
  for await (const { path, file } of walk(start)) entries[path] = file ? (await file.readFile()).toString() : null
  return entries
}

describe('walk', () => {
  it('finds all of a folder, or the one file', async () => {
    expect(await found('out')).toEqual({ '': null, a: 'one', deep: null, 'deep/b': 'two' })
    expect(await found('/out/deep/b')).toEqual({ '': 'two' })
  })

  it('finds nothing where there is nothing', async () => {
    for (const path of ['none', 'out/none', 'out/a/b', '../secret', 'out/../../secret', 'out/.', 'x'.repeat(300)]) {
      expect([path, await found(path)]).toEqual([path, undefined])
    }
  })

  it('follows no link, at the end of a path, on the way and within', async () => {
    await symlink(folder, join(root, 'out/up'))
    await symlink(join(folder, 'secret'), join(root, 'out/link'))
    for (const path of ['out/link', 'out/up', 'out/up/secret'])
      expect([path, await found(path)]).toEqual([path, undefined])
    expect(Object.keys((await found('out'))!).toSorted()).toEqual(['', 'a', 'deep', 'deep/b'])
  })

  it('is not led astray by a folder that becomes a link while it is walked', async () => {
    await mkdir(join(folder, 'other'))
    await writeFile(join(folder, 'other/b'), 'secret')
    const start = await openBelow(root, 'out')
    const contents: string[] = []
    for await (const { path, file } of walk(start!)) {
      if (path === 'deep') {
        await rename(join(root, 'out/deep'), join(root, 'moved'))
        await symlink(join(folder, 'other'), join(root, 'out/deep'))
      }
      if (file) contents.push((await file.readFile()).toString())
    }
    expect(contents.toSorted()).toEqual(['one', 'two'])
  })

  it('does not wait for pipes, and passes over what is neither file nor folder', async () => {
    execFileSync('mkfifo', [join(root, 'out/pipe')])
    expect(Object.keys((await found('out'))!)).not.toContain('pipe')
    expect(await found('out/pipe')).toBeUndefined()
  })

  it('lets go of everything when it is broken off', async () => {
    for await (const { path } of walk((await openBelow(root, 'out'))!)) if (path === 'deep/b') break
    expect(openDescriptors()).toBe(descriptors)
  })
})
