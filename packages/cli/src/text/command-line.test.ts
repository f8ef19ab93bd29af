import { expect, test } from 'vitest'

import { formatCommand } from './command-line.ts'

test.each([
  [['make', '-j4', 'CC=gcc'], 'make -j4 CC=gcc'],
  [['sh', '-c', 'echo $$ && ls'], "sh -c 'echo $$ && ls'"],
  [['echo', "it's"], String.raw`echo 'it'\''s'`],
  [['echo', ''], "echo ''"],
  [['echo', 'a\nb\u001B[31m'], String.raw`echo $'a\nb\x1b[31m'`],
])('%j', (command, text) => expect(formatCommand(command)).toBe(text))
