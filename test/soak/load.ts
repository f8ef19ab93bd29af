import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { RemoteRunner } from '@corral/client'

/** What of the daemon the load needs. */
export interface Target {
  /** Clients, each with a connection of its own. */
  clients: readonly RemoteRunner[]
  /** Where it listens for TLS. */
  port: number
}

type Use = (client: RemoteRunner, target: Target) => Promise<void>

/** What users do, and what they do wrong; each leaves nothing behind. */
const uses: Record<string, Use> = {
  'run to the end': async (client) => {
    const name = await client.start({ command: ['sh', '-c', 'yes line | head -c 100000; exit 3'] })
    const output = await readAll(client, name)
    const { exitStatus } = await client.wait(name)
    await client.stop(name)
    expectEqual([output, exitStatus], [100_000, 3])
  },
  'follow and stop': async (client) => {
    const name = await client.start({ command: ['sh', '-c', 'while echo tick; do sleep 0.05; done'] })
    const reader = client.output(name).getReader()
    await reader.read()
    await reader.cancel()
    await client.stop(name)
  },
  'run further commands': async (client) => {
    const name = await client.start({ command: ['sleep', '1000'] })
    await using execution = await client.exec(name, { command: ['sh', '-c', 'cat; exit 4'], stdin: 'typed' })
    expectEqual((await execution.wait()).exitStatus, 4)
    await client.stop(name)
  },
  'send input': async (client) => {
    const stdin = (async function* () {
      for (let index = 0; index < 20; index++) yield 'x'.repeat(5000)
    })()
    const name = await client.start({ command: ['wc', '-c'], stdin })
    await client.wait(name)
    await client.stop(name)
  },
  'read a long output slowly and go away': async (client) => {
    const name = await client.start({ command: ['head', '-c', '20000000', '/dev/zero'] })
    const reader = client.output(name).getReader()
    for (let chunks = 0; chunks < 5; chunks++) await reader.read()
    await delay(50)
    await reader.cancel()
    await client.stop(name)
  },
  'follow all that happens': async (client) => {
    const abort = new AbortController()
    const events = client.events({ signal: abort.signal })[Symbol.asyncIterator]()
    const first = events.next()
    const name = await client.start({ command: ['true'] })
    await first
    abort.abort()
    await events.next().catch(() => {})
    await client.stop(name)
  },
  'look at everything': async (client) => {
    await client.list()
    await client.info()
    for await (const sample of client.stats([], { intervalMs: 100 })) {
      void sample
      break
    }
  },
  'start what there is not': (client) => expectRefusal(client.start({ command: ['/no/such/program'] })),
  'ask for what is not accepted': (client) => expectRefusal(client.start({ command: ['true'], cpuMax: 'much' })),
  'ask for what is not there': (client) => expectRefusal(client.status('nobody')),
  'send too much': (client) => expectRefusal(client.start({ command: ['true'], env: { A: 'x'.repeat(20_000_000) } })),
  'speak no TLS': async (_, { port }) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
  },
  'connect and go': async (_, { port }) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.destroy()
  },
}

/** Has the daemon used in all ways, by all clients side by side, until the signal; how often each way. */
export async function putUnderLoad(target: Target, signal: AbortSignal): Promise<Map<string, number>> {
  const counts = new Map(Object.keys(uses).map((name) => [name, 0]))
  let next = 0
  const work = async (client: RemoteRunner): Promise<void> => {
    while (!signal.aborted) {
      const [name, use] = Object.entries(uses)[next++ % counts.size]!
      try {
        await use(client, target)
      } catch (error) {
        throw new Error(`to ${name} failed`, { cause: error })
      }
      counts.set(name, counts.get(name)! + 1)
    }
  }
  await Promise.all(target.clients.map(work))
  return counts
}

async function readAll(client: RemoteRunner, name: string): Promise<number> {
  let bytes = 0
  for await (const chunk of client.output(name)) bytes += chunk.length
  return bytes
}

async function expectRefusal(attempt: Promise<unknown>): Promise<void> {
  const refused = await attempt.then(
    () => false,
    () => true,
  )
  expectEqual(refused, true)
}

function expectEqual(given: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(given), JSON.stringify(expected)]
  if (found !== wanted) throw new Error(`${found} instead of ${wanted}`)
}
