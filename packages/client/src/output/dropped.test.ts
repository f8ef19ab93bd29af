import { expect, test } from 'vitest'

// The library's own, which a browser cannot load.
import { Notices } from '../../../runner/src/output/notice.ts'
import { droppedNotice } from './dropped.ts'

test('what was dropped is told as the library tells it', () => {
  const notices = new Notices(undefined)
  notices.note(5, 1_234_567)
  expect(Buffer.from(droppedNotice(1_234_567))).toEqual(Buffer.from(notices.tell(undefined, undefined)!))
})
