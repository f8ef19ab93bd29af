import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { codeBlocks, runExample } from '../support/examples.ts'
import { test } from './client-test.ts'

test("the programs in the client's README run and say what they say", async ({ daemon, folder }) => {
  const [first, second] = await codeBlocks('packages/client/README.md', 'ts')
  const program = `${first!.replace(/unix:[^']*/, daemon.host)}process.stdout.write(JSON.stringify([state, exitStatus]))\n`
  expect(await runExample(folder, program)).toEqual({ stdout: 'building\n["exited",3]', stderr: '' })
  for (const host of [daemon.host, undefined]) {
    const place = join(folder, host === undefined ? 'here' : 'there')
    await mkdir(place)
    const { stdout, stderr } = await runExample(place, second!, { ...(host !== undefined && { BUILD_BOX: host }) })
    expect({ stdout, stderr }).toEqual({ stdout: 'there is no nightly\n', stderr: '' })
  }
})
