import { spawnSync } from 'node:child_process'

import { describe, expect, it } from 'vitest'

import { isAlive, ownIdentity } from './identity.ts'

describe('isAlive', () => {
  it('tells a process from others of its number', async () => {
    const self = ownIdentity()
    expect(await isAlive(self)).toBe(true)
    expect(await isAlive({ ...self, startTime: '1' })).toBe(false)
    expect(await isAlive({ ...self, boot: 'another' })).toBe(false)
  })

  it('knows the dead', async () => {
    const { pid } = spawnSync('true')
    expect(await isAlive({ ...ownIdentity(), pid })).toBe(false)
  })
})
