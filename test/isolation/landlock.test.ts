import { createServer } from 'node:net'
import { once } from 'node:events'
import { release } from 'node:os'

import type { Isolation } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** A job that could undo its mounts, were it not for Landlock, which lets nobody mount. */
const able: Isolation = { root: 'read-only', capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none' }
const undo = sh('mount -o remount,rw,bind / 2>/dev/null && echo undone; touch /tmp/file && echo written; true')

describe('Landlock', () => {
  test('keeps what is read-only so', async ({ runner }) => {
    const { output } = await runJob(runner, { command: undo, isolation: { ...able, landlock: true } })
    expect(output).toBe('written\n')
    const without = await runJob(runner, { command: undo, isolation: { ...able, landlock: false } })
    expect(without.output).toBe('undone\nwritten\n')
  })

  // Version 6, which came with Linux 6.12 (landlock(7)).
  test.skipIf(isOlder([6, 12]))(
    "keeps the host's abstract sockets out of reach, where the network is the host's",
    async ({ runner }) => {
      const name = `corral-${crypto.randomUUID()}`
      const server = createServer((socket) => socket.end()).listen(`\0${name}`)
      await once(server, 'listening')
      try {
        const command = [program('connect-abstract'), name]
        for (const [landlock, expected] of [
          [true, 'EPERM\n'],
          [false, 'connected\n'],
        ] as const) {
          const { output } = await runJob(runner, { command, isolation: { network: 'host', landlock } })
          expect(output).toBe(expected)
        }
      } finally {
        server.close()
        await once(server, 'close')
      }
    },
  )
})

function isOlder([major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = release().split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
