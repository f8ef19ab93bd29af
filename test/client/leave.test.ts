import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { test } from '../daemon/fixture.ts'
import { nodeProgram } from '../support/node-programs.ts'

test('a program that leaves its runner open ends by itself', async ({ openDaemon }) => {
  const daemon = await openDaemon({ tls: true })
  const [program, ...words] = nodeProgram(join(import.meta.dirname, 'programs/leave.ts'))
  const tls = await daemon.issue('admin-too')
  await daemon.configure({ identity: [{ match: 'admin*', role: 'admin' }] })
  await daemon.kill()
  await daemon.start()
  for (const options of [{ host: daemon.host }, { host: daemon.tlsHost, tls }]) {
    const { stdout, stderr } = await promisify(execFile)(program!, [...words, JSON.stringify(options)])
    expect({ stdout, stderr }).toEqual({ stdout: 'hello\ndone\nexit status 0\n', stderr: '' })
  }
})
