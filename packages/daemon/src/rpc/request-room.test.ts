import { expect, test } from 'vitest'

import { RequestRoom } from './request-room.ts'

async function* body(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size)
}

test('requests hold as many bytes as one may have, and as there may be in all, until they are over', async () => {
  const room = new RequestRoom(100, 150)
  const [first, second, others] = [room.hold('alice'), room.hold('alice'), room.hold('bob')]
  await Array.fromAsync(first.counted(body(40, 40)))
  await expect(Array.fromAsync(second.counted(body(21)))).rejects.toMatchObject({ reason: 'RATE_LIMITED' })
  await expect(Array.fromAsync(others.counted(body(71)))).rejects.toMatchObject({ reason: 'RATE_LIMITED' })
  await Array.fromAsync(others.counted(body(70)))
  first.release()
  first.release()
  await Array.fromAsync(second.counted(body(80)))
  second.release()
  others.release()
  await Array.fromAsync(room.hold('alice').counted(body(100)))
})
