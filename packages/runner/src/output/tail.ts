import type { FileHandle } from 'node:fs/promises'

import type { OutputGap } from './gap.ts'

const blockBytes = 64 * 1024
const newline = 0x0a

/**
 * The offset at which the last `lines` lines of a file's first `size` bytes begin; one without a newline counts too. What
 * is dropped has no lines.
 */
export async function tailOffset(file: FileHandle, size: number, lines: number, dropped?: OutputGap): Promise<number> {
  if (lines === 0) return size
  const block = Buffer.allocUnsafe(Math.min(blockBytes, size))
  const gapEnd = dropped ? dropped.offset + dropped.bytes : 0
  let left = lines
  for (let end = size; end > 0;) {
    const start = Math.max(end > gapEnd ? gapEnd : 0, end - blockBytes)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    for (let at = bytesRead - 1; at >= 0; at--) {
      const isLast = start + at === size - 1
      if (block[at] === newline && !isLast && --left === 0) return start + at + 1
    }
    end = dropped && start === gapEnd ? dropped.offset : start
  }
  return 0
}
