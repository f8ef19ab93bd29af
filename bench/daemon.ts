import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { RemoteRunner, Runner } from '@corral/client'
import { CgroupRunner } from '@corral/runner'

import { type Certificates, Corrald, makeCertificates } from './corrald.ts'
import { collectDelays } from './delivery.ts'
import { GrpcJsClient } from './grpc-js.ts'
import { compileStamp, noCompiler } from './programs.ts'
import { perSecond, rateColumns, starters } from './rate.ts'
import { median, quantile, ratio, shuffled } from './samples.ts'
import type { Context, Row, Section } from './scenario.ts'
import { corralName } from './start.ts'

const sliceMs = 1000
const followers = 1000
/** How many lines each follower gets, and how far apart: so that the clients, which are in one process, keep up. */
const [lines, pauseMs] = [10, 1000]
const streamedMiB = 256
const mib = 1024 * 1024

/** What a daemon adds: starts a second over its socket and over TLS, against the library's. */
export async function daemonRate({ runs, folder, roots: [root], cleanup }: Context): Promise<Section[]> {
  const certificates = makeCertificates(join(folder, 'certs'))
  const corrald = cleanup.use(await Corrald.start(join(root.folder, 'daemon'), certificates))
  const library = corralName(root)
  const contestants = new Map<string, Runner>([
    [library, cleanup.use(await CgroupRunner.open({ storageRoot: join(root.folder, 'library') }))],
    [`${library}, corrald's socket`, cleanup.use(await corrald.connect())],
    [`${library}, corrald over TLS`, cleanup.use(await corrald.connectTls(certificates))],
  ])
  const rates = new Map([...contestants.keys()].map((name) => [name, [] as number[]]))
  for (const runner of contestants.values()) await perSecond(() => runTrue(runner), sliceMs / 2)
  for (let round = 0; round < Math.ceil(runs / 60); round++) {
    for (const [name, runner] of shuffled([...contestants])) {
      rates.get(name)!.push(await perSecond(() => runTrue(runner), sliceMs))
    }
  }
  const base = median(rates.get(library)!)
  return [
    {
      title: `Start, wait and stop of /bin/true by a daemon, ${starters} at a time`,
      columns: rateColumns('x library'),
      rows: [...rates].map(([name, taken]) => ({ name, values: [median(taken), ratio(median(taken), base)] })),
      aims: [],
    },
  ]
}

async function runTrue(runner: Runner): Promise<void> {
  const name = await runner.start({ command: ['/bin/true'] })
  await runner.wait(name)
  await runner.stop(name)
}

/** How long a line takes to many who follow, over TLS, and what that takes of the daemon. */
export async function daemonFollowers({ folder, roots: [root], cleanup }: Context): Promise<Section[]> {
  const title = `Delivery by a daemon over TLS, a line every ${pauseMs} ms to each of ${followers} followers`
  const columns = [
    { title: 'p50', unit: 'ms' },
    { title: 'p99', unit: 'ms' },
    { title: 'daemon', unit: '% of a CPU' },
    { title: 'clients', unit: '% of a CPU' },
    { title: 'daemon', unit: 'MiB' },
  ] as const
  const stamp = compileStamp(folder)
  if (!stamp) return [{ title, columns, rows: [{ name: 'all', values: [], note: noCompiler }], aims: [] }]
  const certificates = makeCertificates(join(folder, 'certs'))
  const corrald = cleanup.use(await Corrald.start(join(root.folder, 'daemon'), certificates))
  const client = cleanup.use(await corrald.connectTls(certificates))
  const rows: Row[] = []
  for (const jobs of [1, followers]) rows.push(await follow(corrald, client, stamp, jobs))
  return [{ title, columns, rows, aims: [] }]
}

async function follow(corrald: Corrald, client: RemoteRunner, stamp: string, jobs: number): Promise<Row> {
  const script = `read begin; exec ${stamp} ${lines} ${pauseMs * 1000}`
  const gate = new Gate()
  const names = await startAbreast(client, jobs, () => ({ command: ['sh', '-c', script], stdin: gate.lines() }))
  const streams = Array.from({ length: followers }, (_, at) => collectDelays(client.output(names[at % jobs]!)))
  await delay(pauseMs)
  const [before, begun] = [cpuMs(corrald.pid), performance.now()]
  const ours = process.cpuUsage()
  gate.open()
  const delays = (await Promise.all(streams)).flat()
  const elapsed = performance.now() - begun
  const { user, system } = process.cpuUsage(ours)
  const daemonShare = ((cpuMs(corrald.pid) - before) / elapsed) * 100
  const memory = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${corrald.pid}/status`, 'utf8'))![1]) / 1024
  await Promise.all(names.map((name) => client.stop(name)))
  const share = ((user + system) / 1000 / elapsed) * 100
  return {
    name: jobs === 1 ? 'all of one job' : 'each of a job of its own',
    values: [median(delays), quantile(delays, 0.99), daemonShare, share, memory],
  }
}

/** Holds jobs back until all are there. */
class Gate {
  readonly #opened: Promise<void>
  open: () => void = () => {}

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.open = resolve
    })
  }

  async *lines(): AsyncGenerator<string> {
    await this.#opened
    yield 'begin\n'
  }
}

async function startAbreast(
  client: RemoteRunner,
  count: number,
  config: () => Parameters<RemoteRunner['start']>[0],
): Promise<string[]> {
  const names: string[] = []
  let left = count
  const work = async (): Promise<void> => {
    while (left-- > 0) names.push(await client.start(config()))
  }
  await Promise.all(Array.from({ length: starters }, work))
  return names
}

/** How much processor time a process has had. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  // utime and stime in clock ticks, of which there are 100 a second (proc(5)).
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** How fast an output is streamed over TLS, against a server by @grpc/grpc-js; the client is the same. */
export async function daemonStreaming({ runs, folder, roots: [root], cleanup }: Context): Promise<Section[]> {
  const certificates = makeCertificates(join(folder, 'certs'))
  const corrald = cleanup.use(await Corrald.start(join(root.folder, 'daemon'), certificates))
  const client = cleanup.use(await corrald.connectTls(certificates))
  const name = await client.start({ command: ['head', '-c', String(streamedMiB * mib), '/dev/zero'] })
  await client.wait(name)
  const peer = await startPeer(certificates, cleanup)
  const bytes = BigInt(streamedMiB * mib)
  const ours = new GrpcJsClient(`localhost:${new URL(corrald.tlsHost).port}`, certificates.folder)
  const theirs = new GrpcJsClient(peer, certificates.folder)
  cleanup.use(ours)
  cleanup.use(theirs)
  const contestants = new Map([
    ['@grpc/grpc-js', () => theirs.readOutput({ offset: bytes })],
    ['corrald', () => ours.readOutput({ name })],
    ['corrald, our client', () => readAll(client, name)],
  ])
  const rates = new Map([...contestants.keys()].map((each) => [each, [] as number[]]))
  const rounds = Math.max(3, Math.ceil(runs / 60))
  for (let round = 0; round <= rounds; round++) {
    for (const [each, read] of shuffled([...contestants])) {
      const begun = performance.now()
      const received = await read()
      if (received < streamedMiB * mib) throw new Error(`${each}: ${received} bytes of ${streamedMiB * mib}`)
      // The first round warms up.
      if (round > 0) rates.get(each)!.push((streamedMiB / (performance.now() - begun)) * 1000)
    }
  }
  await client.stop(name)
  const base = median(rates.get('@grpc/grpc-js')!)
  return [
    {
      title: `Streaming ${streamedMiB} MiB over mutual TLS to one client, ${rounds} times each`,
      columns: [
        { title: 'one stream', unit: 'MiB/s' },
        { title: 'x grpc-js', unit: 'times' },
      ],
      rows: [...rates].map(([each, taken]) => ({ name: each, values: [median(taken), ratio(median(taken), base)] })),
      aims: [],
    },
  ]
}

async function readAll(client: RemoteRunner, name: string): Promise<number> {
  let received = 0
  for await (const chunk of client.output(name)) received += chunk.length
  return received
}

/** The server by @grpc/grpc-js, in a process of its own as the daemon is; its address. */
async function startPeer({ folder }: Certificates, cleanup: AsyncDisposableStack): Promise<string> {
  const program = fileURLToPath(new URL('./programs/grpc-js-server.ts', import.meta.url))
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanup.defer(() => void child.kill())
  const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  return `localhost:${port.trim()}`
}
