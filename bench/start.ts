import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { CgroupRunner, type Profile } from '@corral/runner'

import { fencedBwrap, findPeers, type Peer } from './peers.ts'
import { type Timing, timeProcess } from './processes.ts'
import { compileStamp, noCompiler } from './programs.ts'
import { median, quantile, ratio, shuffled } from './samples.ts'
import type { Aim, Context, Root, Row, Section } from './scenario.ts'

/**
 * Between any two measurements, in ms: what one leaves to the kernel (a network namespace is taken down after the exit)
 * or to its own spare is not billed to the next.
 */
const restMs = 5

/** On a busy machine there are fewer rounds than were asked for, rather than a longer wait. */
const mostMs = 60_000

/** Of the rounds, one in so many also measures when the command's first instruction ran. */
const reachEvery = 3

interface Contestant {
  name: string
  /** False: what its `started` tells is the wrapper's exec, not the command's. */
  knowsStart: boolean
  time(command: string): Promise<Timing>
  /** What the command of the last `time` wrote. */
  output(): Promise<string>
}

interface Samples {
  started: number[]
  ended: number[]
  blocked: number[]
  reached: number[]
}

/** A start and a round trip of /bin/true, from a small process. */
export async function start(context: Context): Promise<Section[]> {
  const peers = findPeers(context.folder, context.cleanup)
  const { rows, samples, runs } = await contest({ ...context, profiles: allProfiles }, peers, context.runs, mostMs)
  return [{ title: `Start of /bin/true, ${runs} runs each`, columns, rows, aims: aimsOf(samples, context.roots[0]) }]
}

/** The same from a process of 500 MiB: a fork copies its page tables, a frame to the launcher does not. */
export async function startFromLarge(context: Context): Promise<Section[]> {
  const ballast = Buffer.alloc(500 * 1024 * 1024, 1)
  const peers = findPeers(context.folder, context.cleanup).filter(({ name }) => name === 'spawn')
  const asked = Math.ceil(context.runs / 3)
  const { rows, runs } = await contest(
    { ...context, roots: [context.roots[0]], profiles: ['standard'] },
    peers,
    asked,
    mostMs / 3,
  )
  const title = `Start of /bin/true from a Node with ${ballast.length / 1024 / 1024} MiB in use, ${runs} runs each`
  return [{ title, columns, rows, aims: [] }]
}

const columns: Section['columns'] = [
  { title: 'started p50', unit: 'ms' },
  { title: 'p99', unit: 'ms' },
  { title: 'command runs p50', unit: 'ms' },
  { title: 'round trip p50', unit: 'ms' },
  { title: 'p99', unit: 'ms' },
  { title: 'x spawn', unit: 'times' },
  { title: 'loop blocked p50', unit: 'ms' },
]

interface Outcome {
  rows: Row[]
  samples: Map<string, Samples>
  /** How many runs each had. */
  runs: number
}

/** What takes part of Corral: each profile on each root. */
interface Contest extends Context {
  profiles: readonly Profile[]
}

const allProfiles = ['none', 'standard', 'strict'] as const

async function contest(context: Contest, peers: readonly Peer[], runs: number, withinMs: number): Promise<Outcome> {
  const stamp = compileStamp(context.folder)
  const contestants = [
    ...(await Promise.all(
      context.roots.flatMap((root) => context.profiles.map((profile) => corral(context, root, profile))),
    )),
    ...peers.filter(({ failure }) => failure === undefined).map((peer) => wrapper(context, peer)),
  ]
  const samples = await takeSamples(contestants, runs, withinMs, stamp)
  const spawn = median(samples.get('spawn')!.ended)
  const rows = [...samples].map(([name, taken]) => toRow(name, taken, spawn, contestants, stamp))
  const missing = peers.flatMap(({ name, failure, remedy }) =>
    failure === undefined ? [] : [{ name, values: columns.map(() => null), note: `${failure} (${remedy})` }],
  )
  return { rows: [...rows, ...missing], samples, runs: samples.get('spawn')!.ended.length }
}

/** Each has a launcher of its own: what that prepares ahead of time is of the kind that was wanted last. */
async function corral({ cleanup }: Context, root: Root, profile: Profile): Promise<Contestant> {
  const runner = cleanup.use(await CgroupRunner.open({ storageRoot: join(root.folder, profile) }))
  let output = ''
  return {
    name: corralName(root, profile),
    knowsStart: true,
    async time(command) {
      const before = performance.eventLoopUtilization()
      const asked = performance.now()
      const name = await runner.start({ command: [command], isolation: profile })
      const started = performance.now() - asked
      const blocked = performance.eventLoopUtilization(before).active
      const { exitStatus } = await runner.wait(name)
      const ended = performance.now() - asked
      if (exitStatus !== 0) throw new Error(`${command} exited with ${exitStatus}`)
      output = await new Response(runner.output(name) as ReadableStream<Uint8Array<ArrayBuffer>>).text()
      await runner.stop(name)
      return { started, ended, blocked }
    },
    output: async () => output,
  }
}

export function corralName({ name }: Root, profile?: Profile): string {
  return `corral ${profile === undefined ? '' : `${profile} `}(${name})`
}

function wrapper({ folder, cleanup }: Context, { name, argv, input }: Peer): Contestant {
  const file = join(folder, `output-${name}`)
  const fd = openSync(file, 'a')
  cleanup.defer(() => closeSync(fd))
  return {
    name,
    knowsStart: name === 'spawn',
    async time(command) {
      ftruncateSync(fd)
      if (input === undefined) return timeProcess(argv(command), fd)
      const inputFd = openSync(input, 'r')
      try {
        return await timeProcess(argv(command), fd, inputFd)
      } finally {
        closeSync(inputFd)
      }
    },
    output: async () => readFileSync(file, 'utf8'),
  }
}

async function takeSamples(
  contestants: readonly Contestant[],
  runs: number,
  withinMs: number,
  stamp: string | undefined,
): Promise<Map<string, Samples>> {
  const samples = new Map(contestants.map(({ name }) => [name, { started: [], ended: [], blocked: [], reached: [] }]))
  const warmUps = Math.ceil(runs / 10)
  const begun = performance.now()
  for (let round = -warmUps; round < runs && (round < 1 || performance.now() - begun < withinMs); round++) {
    const withReach = stamp !== undefined && round >= 0 && round % reachEvery === 0
    const turns = contestants.flatMap((contestant) => [
      () => timeTrue(contestant, round < 0 ? undefined : samples.get(contestant.name)),
      ...(withReach ? [() => timeReach(contestant, stamp, samples.get(contestant.name)!)] : []),
    ])
    for (const turn of shuffled(turns)) {
      await delay(restMs)
      await turn()
    }
  }
  return samples
}

async function timeTrue(contestant: Contestant, samples: Samples | undefined): Promise<void> {
  const { started, ended, blocked } = await contestant.time('/bin/true')
  samples?.started.push(started)
  samples?.ended.push(ended)
  samples?.blocked.push(blocked)
}

/** From the request until the command's own first instruction: what all can be compared by. */
async function timeReach(contestant: Contestant, stamp: string, { reached }: Samples): Promise<void> {
  const asked = process.hrtime.bigint()
  await contestant.time(stamp)
  reached.push(Number(BigInt(await contestant.output()) - asked) / 1e6)
}

function toRow(
  name: string,
  { started, ended, blocked, reached }: Samples,
  spawn: number | null,
  contestants: readonly Contestant[],
  stamp: string | undefined,
): Row {
  const { knowsStart } = contestants.find((contestant) => contestant.name === name)!
  const values = [
    knowsStart ? median(started) : null,
    knowsStart ? quantile(started, 0.99) : null,
    median(reached),
    median(ended),
    quantile(ended, 0.99),
    ratio(median(ended), spawn),
    median(blocked),
  ]
  return { name, values, ...(stamp === undefined && { note: `command runs: ${noCompiler}` }) }
}

/** The aims are those of bench/README.md: of a round trip, times what others take that fence as much. */
function aimsOf(samples: ReadonlyMap<string, Samples>, root: Root): Aim[] {
  const [none, standard] = [corralName(root, 'none'), corralName(root, 'standard')]
  const limits = [
    [none, 'spawn', 1.5],
    [none, 'bwrap', 1 / 3],
    [none, 'runc', 1 / 10],
    [standard, none, 1.6],
    [standard, fencedBwrap, 1 / 2],
  ] as const
  const aims = limits.flatMap(([ours, theirs, limit]): Aim[] => {
    const measured = ratio(median(samples.get(ours)!.ended), median(samples.get(theirs)?.ended ?? []))
    if (measured === null) return []
    return [{ what: `${ours}: round trip, times that of ${theirs}`, measured, unit: 'times', limit, is: 'at most' }]
  })
  const blocked = median(samples.get(standard)!.blocked)!
  return [...aims, { what: 'event loop blocked by a start', measured: blocked, unit: 'ms', limit: 0.1, is: 'below' }]
}
