import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { removeTree } from './remove-tree.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'remove-tree-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('removes files, folders and links, and nothing that links lead to', async () => {
  const top = join(folder, 'top')
  const kept = join(folder, 'kept')
  writeFileSync(kept, '')
  mkdirSync(join(top, 'a/b/c'), { recursive: true })
  for (const path of ['x', 'a/x', 'a/b/x', 'a/b/c/x']) writeFileSync(join(top, path), '')
  symlinkSync(kept, join(top, 'a/link'))
  symlinkSync(folder, join(top, 'a/b/folder'))
  writeFileSync(Buffer.concat([Buffer.from(`${top}/a/`), Buffer.of(0xff, 0xfe)]), '')
  await removeTree(top)
  expect(existsSync(top)).toBe(false)
  expect(existsSync(kept)).toBe(true)
})

it('removes what is deeper than a path can be', async () => {
  const top = join(folder, 'top')
  mkdirSync(top)
  const script =
    'for i in $(seq 300); do mkdir abcdefghijklmnopqrstuvwxyz && cd -P abcdefghijklmnopqrstuvwxyz || exit 1; done; : >file'
  execFileSync('sh', ['-c', script], { cwd: top })
  await removeTree(top)
  expect(existsSync(top)).toBe(false)
})

it('takes what is not there for removed', async () => {
  await expect(removeTree(join(folder, 'missing'))).resolves.toBeUndefined()
})
