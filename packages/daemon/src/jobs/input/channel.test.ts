import { expect, test } from 'vitest'

import { InputChannel } from './channel.ts'

function part(offset: number, text: string, end = false): { offset: number; data: Buffer; end: boolean } {
  return { offset, data: Buffer.from(text), end }
}

/** What has been read of a channel by the time that it is at its end. */
async function readAll(channel: InputChannel): Promise<string> {
  return Buffer.concat(await Array.fromAsync(channel)).toString()
}

test('each byte is taken once, however often it is sent', async () => {
  const channel = new InputChannel('job x')
  const read = readAll(channel)
  expect(await channel.write(part(0, 'abc'))).toBe(3)
  expect(await channel.write(part(0, 'abc'))).toBe(3)
  expect(await channel.write(part(1, 'bcde'))).toBe(5)
  expect(await channel.write(part(5, 'f', true))).toBe(6)
  expect(await channel.write(part(5, 'f', true))).toBe(6)
  expect(await read).toBe('abcdef')
})

test('a gap is not accepted', async () => {
  const channel = new InputChannel('job x')
  await expect(channel.write(part(1, 'b'))).rejects.toMatchObject({ option: 'offset', received: 1 })
})

test('who sends waits until it is taken', async () => {
  const channel = new InputChannel('job x')
  let taken = 0
  const writes = [0, 1, 2].map(async (offset) => channel.write(part(offset, 'x')).then(() => taken++))
  const reader = channel[Symbol.asyncIterator]()
  await reader.next()
  expect(taken).toBe(0)
  await reader.next()
  await writes[0]
  expect(taken).toBe(1)
  await reader.return?.()
  await expect(Promise.all(writes)).rejects.toMatchObject({ reason: 'INPUT_GONE' })
})

test('nothing more is taken once nobody reads, or it has ended', async () => {
  const channel = new InputChannel('job x')
  channel.close()
  await expect(channel.write(part(0, 'x'))).rejects.toMatchObject({ reason: 'INPUT_GONE' })
  const ended = new InputChannel('job x')
  await ended.write(part(0, '', true))
  await expect(ended.write(part(0, 'x'))).rejects.toMatchObject({ reason: 'INPUT_GONE' })
  expect(await readAll(ended)).toBe('')
})

test('only so many parts wait', async () => {
  const channel = new InputChannel('job x')
  const writes = Array.from({ length: 9 }, async () => channel.write(part(0, 'x')))
  await expect(writes.at(-1)).rejects.toMatchObject({ reason: 'RATE_LIMITED' })
  channel.close()
  for (const result of await Promise.allSettled(writes)) expect(result.status).toBe('rejected')
})
