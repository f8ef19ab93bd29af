import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import type { Session } from '../launch/session.ts'
import { decodeRecord, encodeRecord, type Field, type FieldList } from '../store/record.ts'
import { Storage } from '../store/storage.ts'
import { EventHub, type JobEvent } from './events.ts'
import { EventRelay } from './relay.ts'

let storage: Storage
let hub: EventHub
let relay: EventRelay
/** Ends the job that is waited for, as the launcher's session tells it. */
let end: (record: FieldList) => void
let opened: () => Promise<void>

beforeEach(async () => {
  storage = await Storage.open(await mkdtemp(join(tmpdir(), 'corral-relay-')))
  const { promise, resolve } = Promise.withResolvers<FieldList>()
  end = resolve
  opened = async () => {}
  const session = { open: () => opened(), end: () => promise, hold() {}, release() {} }
  hub = new EventHub()
  relay = new EventRelay(storage, session as unknown as Session, hub)
})
afterEach(async () => rm(storage.root, { recursive: true }))

const record = (...fields: Field[]): FieldList => decodeRecord(encodeRecord(fields))
const exited: Field[] = [
  ['event', 'exited'],
  ['name', 'a'],
  ['exited', 0],
  ['started', 1],
  ['finished', 2],
]

async function makeActive(name: string): Promise<void> {
  const folder = join(storage.jobsFolder, name)
  await mkdir(folder)
  const fields: Field[] = [
    ['pid', 1],
    ['starttime', 1],
    ['boot', 'b'],
    ['command', 2],
    ['started', 1],
  ]
  await writeFile(join(folder, 'init'), encodeRecord(fields))
}

async function told(events: AsyncIterable<JobEvent>): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 20))
  hub.close()
  return (await Array.fromAsync(events)).map(({ type }) => type)
}

it('tells an end once, however it becomes known', async () => {
  await makeActive('a')
  const events = relay.listen()
  await new Promise((resolve) => setTimeout(resolve, 20))
  end(record(...exited))
  relay.take(record(...exited))
  await new Promise((resolve) => setTimeout(resolve, 20))
  relay.take(record(...exited))
  expect(await told(events)).toEqual(['exited'])
})

it('tells it once also when the job is removed at the same time', async () => {
  await makeActive('a')
  const events = relay.listen()
  await new Promise((resolve) => setTimeout(resolve, 20))
  end(record(...exited))
  relay.take(record(...exited, ['removed', 1]))
  expect(await told(events)).toEqual(['exited', 'removed'])
})

it('tells the end of the next job of the same name', async () => {
  const events = relay.listen()
  const started = record(['event', 'started'], ['name', 'a'], ['started', 1], ['command', 2])
  for (const event of [started, record(...exited), started, record(...exited)]) relay.take(event)
  expect(await told(events)).toEqual(['started', 'exited', 'started', 'exited'])
})

it('fails the listeners when jobs cannot be followed', async () => {
  opened = async () => {
    throw new Error('no launcher')
  }
  await expect(Array.fromAsync(relay.listen())).rejects.toThrow('no launcher')
  expect(hub.watched).toBe(false)
})
