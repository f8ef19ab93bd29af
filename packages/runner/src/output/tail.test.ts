import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { tailOffset } from './tail.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-tail-'))
})
afterAll(async () => rm(folder, { recursive: true }))

async function tail(text: string, lines: number): Promise<string> {
  const path = join(folder, 'output')
  await writeFile(path, text)
  await using file = await open(path)
  return text.slice(await tailOffset(file, text.length, lines))
}

describe('tailOffset', () => {
  it.each([
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n', 5, 'a\nb\n'],
    ['a\n\n\n', 2, '\n\n'],
    ['\n', 1, '\n'],
    ['', 3, ''],
    ['a\nb\n', 0, ''],
  ])('of %j, %i lines are %j', async (text, lines, expected) => {
    expect(await tail(text, lines)).toBe(expected)
  })

  it('finds lines that are longer than a block', async () => {
    const long = 'x'.repeat(200_000)
    expect(await tail(`a\n${long}\n`, 1)).toBe(`${long}\n`)
    expect(await tail('y\n'.repeat(100_000), 70_000)).toHaveLength(140_000)
  })

  it('agrees with splitting', async () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n')).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, fc.nat(6), async (given, lines) => {
        const all = given.split(/(?<=\n)/).filter((line) => line !== '')
        expect(await tail(given, lines)).toBe(lines === 0 ? '' : all.slice(-lines).join(''))
      }),
      { numRuns: 50 },
    )
  })
})
