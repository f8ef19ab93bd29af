import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { codeBlocks, runExample } from '../support/examples.ts'
import { test as withDaemon } from '../daemon/fixture.ts'
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

withDaemon('the way in with a certificate, from the README, leads in', async ({ openDaemon, folder }) => {
  const config = { identity: [{ match: 'alice', role: 'operator' }] }
  const daemon = await openDaemon({ tls: true, config })
  const { cert, key, ca } = await daemon.issue('alice')
  const [block] = await codeBlocks('packages/client/README.md', 'js')
  const call = block!
    .replace(/https:\/\/build-box:\d+/, daemon.tlsHost)
    .replace('alice.crt', cert)
    .replace('alice.key', key)
    .replace("'ca.crt'", `'${ca}'`)
  const program = `import { RemoteRunner } from '@corral/client'\nconst runner = ${call}\nconst { identity, role } = await runner.info()\nprocess.stdout.write(`
  const place = join(folder, 'program')
  await mkdir(place)
  expect(await runExample(place, `${program}[identity, role].join(' '))\n`)).toEqual({
    stdout: 'alice operator',
    stderr: '',
  })
})
