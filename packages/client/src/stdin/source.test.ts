import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { openSource, type Source } from './source.ts'

async function readAll(source: Source): Promise<string> {
  const parts: Uint8Array[] = []
  for (let part = await source.next(); part; part = await source.next()) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function* twice(text: string): AsyncGenerator<string | Uint8Array> {
  yield text
  yield Buffer.from(text)
}

test.for([
  ["a stream of Node's", () => Readable.from(twice('hä'))],
  ['a stream of the web', () => ReadableStream.from(twice('hä'))],
  ['a generator', () => twice('hä')],
] as const)('%s is read to its end', async ([, make]) => {
  expect(await readAll(openSource(make()))).toBe('hähä')
})

test('a stream that says nothing is closed all the same', async () => {
  const readable = new Readable({ read() {} })
  const ofNode = openSource(readable)
  ofNode.next().catch(() => {})
  ofNode.close()
  expect(readable.destroyed).toBe(true)
  const cancelled = Promise.withResolvers<void>()
  const ofTheWeb = openSource(new ReadableStream({ cancel: () => cancelled.resolve() }))
  const next = ofTheWeb.next()
  ofTheWeb.close()
  await cancelled.promise
  expect(await next).toBeUndefined()
})

test('what is neither text nor bytes is refused', async () => {
  const numbers = ReadableStream.from([7]) as unknown as ReadableStream<string>
  await expect(openSource(numbers).next()).rejects.toThrow('gave number')
})
