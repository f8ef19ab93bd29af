import { expect, test } from 'vitest'

import { wholeProgram } from '../program.ts'
import { wantsFile } from './files.ts'

test.each([
  [true, ['run', '']],
  [true, ['run', './bu']],
  [true, ['run', '--memory-max', '64M', '--', '']],
  [true, ['run', '--', 'ls', '-']],
  [true, ['run', 'ls', '--x']],
  [true, ['run', '--workdir', '']],
  [true, ['ps', '--storage-root', '/va']],
  [false, ['run', '--']],
  [false, ['run', '--mem']],
  [false, ['run', '--memory-max', '']],
  [false, ['logs', '']],
  [false, ['']],
])('%j for %j', async (expected, words) => expect(wantsFile(await wholeProgram(), words)).toBe(expected))
