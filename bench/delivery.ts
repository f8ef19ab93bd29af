import { spawn } from 'node:child_process'

import { CgroupRunner } from '@corral/runner'

import { compileStamp, noCompiler } from './programs.ts'
import { median, quantile, ratio } from './samples.ts'
import type { Column, Context, Row, Section } from './scenario.ts'
import { corralName } from './start.ts'

const linesARound = 60
const pauseUs = 3000
const manyReaders = 100

const title = `Delivery of a line, a line every ${pauseUs / 1000} ms: from before the write to the reader`
const columns: readonly Column[] = [
  { title: 'p50', unit: 'ms' },
  { title: 'p99', unit: 'ms' },
  { title: 'x spawn', unit: 'times' },
]

/** How long a line takes from the command's write to the reader of its output. */
export async function delivery({ runs, folder, roots, cleanup }: Context): Promise<Section[]> {
  const stamp = compileStamp(folder)
  if (!stamp)
    return [{ title, columns, rows: [{ name: 'all', values: [null, null, null], note: noCompiler }], aims: [] }]
  const command = [stamp, String(linesARound), String(pauseUs)]
  const runner = cleanup.use(await CgroupRunner.open({ storageRoot: roots[0].folder }))
  const contestants = new Map<string, () => Promise<number[]>>([
    ['spawn, a pipe', () => fromPipe(command)],
    [corralName(roots[0]), () => fromJob(runner, command, 1)],
    [`${corralName(roots[0])}, ${manyReaders} readers`, () => fromJob(runner, command, manyReaders)],
  ])
  const delays = new Map([...contestants.keys()].map((name) => [name, [] as number[]]))
  for (let round = 0; round < Math.ceil(runs / linesARound); round++) {
    for (const [name, deliver] of contestants) delays.get(name)!.push(...(await deliver()))
  }
  const pipe = median(delays.get('spawn, a pipe')!)
  const rows: Row[] = [...delays].map(([name, taken]) => ({
    name,
    values: [median(taken), quantile(taken, 0.99), ratio(median(taken), pipe)],
  }))
  const measured = median(delays.get(corralName(roots[0]))!)!
  return [{ title, columns, rows, aims: [{ what: 'delivery, p50', measured, unit: 'ms', limit: 1, is: 'below' }] }]
}

async function fromPipe([program, ...words]: readonly string[]): Promise<number[]> {
  const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  return collectDelays(child.stdout)
}

async function fromJob(runner: CgroupRunner, command: readonly string[], readers: number): Promise<number[]> {
  const name = await runner.start({ command })
  const all = await Promise.all(Array.from({ length: readers }, () => collectDelays(runner.output(name))))
  await runner.stop(name)
  return all.flat()
}

/** The age in ms of each stamp when it arrives. */
export async function collectDelays(stream: AsyncIterable<Uint8Array>): Promise<number[]> {
  const delays: number[] = []
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const now = process.hrtime.bigint()
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) delays.push(Number(now - BigInt(line)) / 1e6)
  }
  return delays
}
