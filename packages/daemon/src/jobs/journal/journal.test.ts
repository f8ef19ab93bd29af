import { appendFile, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test as base } from 'vitest'

import type { Told } from '../contract.ts'
import { silentLog } from '../log.ts'
import { Journal, type JournalOptions } from './journal.ts'

const test = base.extend<{ folder: string; open: (options?: JournalOptions) => Promise<Journal> }>({
  // oxlint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-journal-'))
    await use(folder)
    await rm(folder, { recursive: true })
  },
  open: async ({ folder }, use) => {
    const journals: Journal[] = []
    await use(async (options = {}) => {
      const journal = await Journal.open(folder, options, silentLog)
      journals.push(journal)
      return journal
    })
    for (const journal of journals) await journal.close()
  },
})

const never = new AbortController().signal

function tell(journal: Journal, ...names: string[]): void {
  for (const name of names) journal.append({ owner: 'o', event: { type: 'queued', name, at: new Date(7) } })
}

/** So many events after a token, and the token after them. */
async function take(journal: Journal, token: string | undefined, count: number): Promise<Told[]> {
  const told: Told[] = []
  for await (const each of journal.watch(token, never)) {
    told.push(each)
    if (told.length > count) break
  }
  return told
}

function namesOf(told: Told[]): (string | undefined)[] {
  return told.slice(1).map(({ event }) => event?.name)
}

test('who resumes is told each event once, also by a later daemon', async ({ open }) => {
  const journal = await open()
  const [start] = await take(journal, undefined, 0)
  tell(journal, 'a', 'b', 'c')
  const told = await take(journal, start!.token, 2)
  expect(namesOf(told)).toEqual(['a', 'b'])
  expect(told[1]).toMatchObject({ owner: 'o', event: { type: 'queued', at: new Date(7) } })
  await journal.close()
  const later = await open()
  tell(later, 'd')
  expect(namesOf(await take(later, told.at(-1)!.token, 2))).toEqual(['c', 'd'])
  expect(namesOf(await take(later, start!.token, 4))).toEqual(['a', 'b', 'c', 'd'])
})

test('what a crash has left of a line is cut off', async ({ folder, open }) => {
  const journal = await open()
  const [start] = await take(journal, undefined, 0)
  tell(journal, 'a')
  await take(journal, start!.token, 1)
  await journal.close()
  await appendFile(join(folder, (await segments(folder))[0]!), '{"owner":"o","event":{"ty')
  const later = await open()
  tell(later, 'b')
  expect(namesOf(await take(later, start!.token, 2))).toEqual(['a', 'b'])
})

test('it holds no more than it may, and says so to who comes too late', async ({ folder, open }) => {
  const journal = await open({ segmentBytes: 1000, segments: 3 })
  const [start] = await take(journal, undefined, 0)
  for (let round = 0; round < 100; round++) {
    const [now] = await take(journal, undefined, 0)
    tell(journal, `a${round}`)
    await take(journal, now!.token, 1)
  }
  const files = await segments(folder)
  expect(files).toHaveLength(3)
  await expect(take(journal, start!.token, 1)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' })
  const kept = await Array.fromAsync(journal.all())
  expect(kept.at(-1)).toMatchObject({ event: { name: 'a99' } })
  expect(kept.length).toBeGreaterThan(15)
})

test.each(['', 'x', 'x.0', '.', '0.zz'])('the token %j is none of this journal', async (token) => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-journal-'))
  const journal = await Journal.open(folder, {}, silentLog)
  await expect(take(journal, token, 0)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' })
  await journal.close()
  await rm(folder, { recursive: true })
})

test('a token of what was lost with the power is none', async ({ folder, open }) => {
  const journal = await open()
  const [start] = await take(journal, undefined, 0)
  tell(journal, 'a', 'b')
  const [, , second] = await take(journal, start!.token, 2)
  await journal.close()
  const file = join(folder, (await segments(folder))[0]!)
  await truncate(file, (await stat(file)).size / 2)
  const later = await open()
  await expect(take(later, second!.token, 0)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' })
  tell(later, 'a long name that goes beyond where the other event ended')
  await take(later, start!.token, 2)
  await expect(take(later, second!.token, 0)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' })
})

test('who watches is let go by its signal, and by the end of the journal', async ({ open }) => {
  const journal = await open()
  const leave = new AbortController()
  const left = Array.fromAsync(journal.watch(undefined, leave.signal))
  const ended = Array.fromAsync(journal.watch(undefined, never))
  leave.abort()
  await expect(left).rejects.toMatchObject({ name: 'AbortError' })
  await journal.close()
  expect(await ended).toMatchObject([{ event: null }])
})

test('many events at once are told in their order', async ({ open }) => {
  const journal = await open({ segmentBytes: 20_000, segments: 100 })
  const [start] = await take(journal, undefined, 0)
  const names = Array.from({ length: 5000 }, (_, index) => `job-${index}`)
  tell(journal, ...names)
  expect(namesOf(await take(journal, start!.token, names.length))).toEqual(names)
  await journal.close()
  const later = await open()
  expect((await Array.fromAsync(later.all())).map(({ event }) => event.name)).toEqual(names)
})

test('who is slow is told all the same, from the disk', async ({ open }) => {
  const journal = await open()
  const [start] = await take(journal, undefined, 0)
  const slow = journal.watch(start!.token, never)
  tell(journal, 'first')
  await slow.next()
  expect((await slow.next()).value).toMatchObject({ event: { name: 'first' } })
  const filler = 'x'.repeat(2000)
  for (let round = 0; round < 5; round++) {
    const [now] = await take(journal, undefined, 0)
    tell(journal, ...Array.from({ length: 1000 }, (_, index) => `${round}-${index}-${filler}`))
    await take(journal, now!.token, 1000)
  }
  for (let index = 0; index < 5000; index++) {
    const { value } = await slow.next()
    expect((value as Told).event!.name.startsWith(`${Math.floor(index / 1000)}-${index % 1000}-`)).toBe(true)
  }
})

async function segments(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith('.ndjson')).toSorted()
}
