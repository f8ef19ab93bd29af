import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'

import { afterAll, beforeAll, describe } from 'vitest'

import { type Attempt, attack, type Control, isRoot } from './attempt.ts'

const onHost: Control = { in: 'host' }

/** Listens, and lets go of whoever comes. */
async function listen(...where: [path: string] | [port: number, address: string]): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(...(where as [string]), resolve)
  })
  return server
}

describe('sockets of the host', () => {
  const id = randomUUID()
  const paths = ['/run', '/tmp'].map((folder) => `${folder}/corral-${id}`)
  const servers: Server[] = []
  let port: string
  beforeAll(async () => {
    const tcp = await listen(0, '127.0.0.1')
    port = String((tcp.address() as AddressInfo).port)
    servers.push(tcp, await listen(`\0corral-${id}`))
    if (isRoot) for (const path of paths) servers.push(await listen(path))
  })
  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve))
    for (const path of paths) await rm(path, { force: true })
  })
  attack([
    {
      what: 'connecting to an abstract one',
      command: ['connect-unix', `@corral-${id}`],
      control: onHost,
      refusal: /ECONNREFUSED|EPERM/,
    },
    {
      what: 'connecting to a port of 127.0.0.1',
      command: () => ['connect-tcp', port],
      control: onHost,
      refusal: /ECONNREFUSED/,
    },
    ...(isRoot ? paths : []).map((path): Attempt => ({
      what: `connecting to one in ${path.slice(0, 4)}`,
      command: ['connect-unix', path],
      control: onHost,
      refusal: /ENOENT/,
    })),
  ])
})

/** An interface that a job is not to know of; a machine that has none has nothing to see. */
const theirs = readdirSync('/sys/class/net').find((name) => name !== 'lo')

describe.runIf(theirs)('the network of the host', () => {
  attack([
    { what: 'seeing an interface in /sys', command: ['open-path', `/sys/class/net/${theirs}`], control: onHost },
    { what: 'finding it among the devices', command: ['find-interface', `${theirs}`], control: onHost },
  ])
})

describe.runIf(isRoot)('what the host shares between processes', () => {
  let id: string
  beforeAll(() => {
    id = /\d+/.exec(execFileSync('ipcmk', ['-M', '4096', '-p', '0666'], { encoding: 'utf8' }))![0]
  })
  afterAll(() => void execFileSync('ipcrm', ['-m', id]))
  attack([{ what: 'attaching shared memory by its number', command: () => ['shared-memory', id], control: onHost }])
})
