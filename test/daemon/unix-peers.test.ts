import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, readFile } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { syscallProgram } from '../../packages/daemon/src/native/syscall.ts'
import { curl, test } from '../support/doors.ts'
import { eventually } from '../support/eventually.ts'

const run = promisify(execFile)
const url = 'http://localhost/who'

/** The program of this process that finds out who peers are. */
async function findProgram(): Promise<number | undefined> {
  for await (const file of glob('/proc/[0-9]*/stat')) {
    const [, pid, name, parent] = /^(\d+) \((.*)\) \S (\d+)/.exec(await readFile(file, 'utf8').catch(() => '')) ?? []
    if (name === 'corral-syscall' && Number(parent) === process.pid) return Number(pid)
  }
  return undefined
}

test('of many who come at once, each is taken for who it is', async ({ openDoors, folder }) => {
  const socket = join(folder, 'run/all.sock')
  await openDoors({ tls: [], unix: [{ path: socket, mode: 0o666 }] })
  const uids = Array.from({ length: 24 }, (_, index) => 50_000 + index)
  const answers = await Promise.all(
    uids.map(async (uid) => {
      const who = [`--reuid=${uid}`, `--regid=${uid + 1000}`, `--groups=${uid + 2000},${uid + 3000}`]
      const { stdout } = await run('setpriv', [...who, 'curl', '-sS', '--unix-socket', socket, url])
      return JSON.parse(stdout) as object
    }),
  )
  for (const [index, uid] of uids.entries()) {
    const groups = [1000, 2000, 3000].map((more) => String(uid + more))
    expect(answers[index]).toMatchObject({ identity: `unix:${uid}`, uid, groups })
  }
})

test('when the program ends that finds it out, another takes its place', async ({ openDoors }) => {
  const { socket, listeners } = await openDoors({ tls: [] })
  expect(await findProgram()).toBeUndefined()
  for (let round = 0; round < 3; round++) {
    // Until this process has heard of its end, nobody is let in.
    await eventually(async () =>
      expect((await curl('--unix-socket', socket, url)).stdout).toContain('"identity":"unix:root"'),
    )
    process.kill((await findProgram())!, 'SIGKILL')
  }
  await listeners.close(0)
  await eventually(async () => expect(await findProgram()).toBeUndefined())
})

test('the program ends with the channel, and with what is not of the channel', async () => {
  const start = () => spawn(syscallProgram(), ['peers'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const polite = start()
  // What comes without a socket is not for it.
  polite.send('17')
  polite.disconnect()
  expect(await once(polite, 'exit')).toEqual([0, null])
  const flooded = start()
  flooded.send('x'.repeat(10_000))
  expect(await once(flooded, 'exit')).toEqual([1, null])
})

test('what is no Unix socket has no peer', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  await once(client, 'connect')
  const program = spawn(syscallProgram(), ['peers'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  program.send(17, client, { keepOpen: true })
  const [answer] = (await once(program, 'message')) as [unknown]
  expect(answer).toEqual({ id: 17, error: expect.stringMatching(/./) as unknown })
  program.disconnect()
  await once(program, 'exit')
  client.destroy()
  server.close()
})
