import { expect, it } from 'vitest'

import { forEachAbreast } from './abreast.ts'

it('works off all, some at a time', async () => {
  let [now, most, done] = [0, 0, 0]
  await forEachAbreast(Array.from({ length: 100 }), async () => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
    done++
  })
  expect([done, most]).toEqual([100, 16])
})

it('begins no more after a failure', async () => {
  let begun = 0
  const working = forEachAbreast(Array.from({ length: 100 }), async () => {
    begun++
    await new Promise(setImmediate)
    throw new Error('no')
  })
  await expect(working).rejects.toThrow('no')
  expect(begun).toBe(16)
})
