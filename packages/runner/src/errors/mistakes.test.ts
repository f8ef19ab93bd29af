import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { build } from 'esbuild'
import { expect, it } from 'vitest'

import { InvalidOptionError } from './index.ts'

it('can be made anew by whoever has been told how the value is shown', () => {
  const local = new InvalidOptionError('memoryMax', ['64X'], "bytes, such as '64M'")
  const remote = new InvalidOptionError(local.option, local.receivedText, local.accepted, local.receivedText)
  expect(remote.message).toBe(local.message)
  expect(local.message).toBe("memoryMax: received [ '64X' ]; accepted: bytes, such as '64M'")
})

it('is there without Node, as in a browser', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { InvalidOptionError } from './index.ts'
        for (const value of ['a', 7, undefined, { b: [1] }]) console.log(new InvalidOptionError('o', value, 'x').message)`,
      resolveDir: join(import.meta.dirname),
    },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
  })
  const program = `require('node:vm').runInNewContext(${JSON.stringify(outputFiles[0]!.text)}, { console })`
  expect(execFileSync(process.execPath, ['-e', program]).toString().split('\n').slice(0, -1)).toEqual([
    "o: received 'a'; accepted: x",
    'o: received 7; accepted: x',
    'o: received undefined; accepted: x',
    'o: received {"b":[1]}; accepted: x',
  ])
})
