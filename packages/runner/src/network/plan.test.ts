import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { resolverTarget } from './plan.ts'

describe('resolverTarget', () => {
  let root: string
  const file = () => join(root, 'etc/resolv.conf')

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'corral-root-'))
    await mkdir(join(root, 'etc'))
  })
  afterEach(async () => rm(root, { recursive: true }))

  it('is the file itself', async () => {
    await writeFile(file(), '')
    expect(await resolverTarget(root)).toBe('/etc/resolv.conf')
  })

  it.each([
    ['../run/systemd/resolve/stub-resolv.conf', '/run/systemd/resolve/stub-resolv.conf'],
    ['/run/resolv.conf', '/run/resolv.conf'],
    ['../../../../up.conf', '/up.conf'],
  ])('is where %s leads, there or not', async (link, target) => {
    await symlink(link, file())
    expect(await resolverTarget(root)).toBe(target)
  })

  it('is none where there is none, or links go round', async () => {
    expect(await resolverTarget(root)).toBeNull()
    await symlink('resolv.conf', file())
    expect(await resolverTarget(root)).toBeNull()
  })
})
