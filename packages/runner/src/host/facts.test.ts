import { existsSync, readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { readHostFacts } from './facts.ts'

test('the facts are those of this host', async () => {
  const { hostname, kernel, cpus, memoryBytes, cgroupLayout, launcher } = await readHostFacts()
  expect([hostname, kernel]).toEqual(
    ['hostname', 'osrelease'].map((name) => readFileSync(`/proc/sys/kernel/${name}`, 'utf8').trimEnd()),
  )
  expect(cpus).toBeGreaterThan(0)
  expect(memoryBytes).toBeGreaterThan(0)
  expect(['unified', 'hybrid']).toContain(cgroupLayout)
  expect(existsSync(launcher)).toBe(true)
})
