import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { CgroupRunner } from '@corral/runner'

import { median, ratio, shuffled } from './samples.ts'
import type { Column, Context, Row, Section } from './scenario.ts'
import { corralName } from './start.ts'

const mib = 1024 * 1024
const longMiB = 1024
const sharedMiB = 64
const manyReaders = 100

const columns: readonly Column[] = [
  { title: 'all readers', unit: 'MiB/s' },
  { title: 'x cat', unit: 'times' },
]

/** How fast the output of a job that has ended is read, from the page cache. */
export async function reading({ runs, roots, cleanup }: Context): Promise<Section[]> {
  const [root] = roots
  const runner = cleanup.use(await CgroupRunner.open({ storageRoot: root.folder }))
  const rounds = Math.max(3, Math.ceil(runs / 60))
  const long = await readLong(runner, corralName(root), rounds)
  return [long, await readShared(runner, corralName(root), Math.min(rounds, 3))]
}

/** A job that has written so much and has ended; the path of its output. */
async function write(runner: CgroupRunner, size: number): Promise<{ name: string; path: string }> {
  const name = await runner.start({ command: ['head', '-c', String(size * mib), '/dev/zero'] })
  await runner.wait(name)
  const path = (await runner.inspect(name)).outputPath
  // Its blocks go to the disk now and not while others are measured.
  await run('sync', [path])
  return { name, path }
}

async function readLong(runner: CgroupRunner, ours: string, rounds: number): Promise<Section> {
  const { name, path } = await write(runner, longMiB)
  const contestants = new Map<string, () => Promise<unknown>>([
    ['cat >/dev/null', () => run('sh', ['-c', 'cat "$0" >/dev/null', path])],
    ['cat | cat >/dev/null', () => run('sh', ['-c', 'cat "$0" | cat >/dev/null', path])],
    [`${ours}, for await`, () => readAll(runner, name, longMiB)],
    [`${ours}, own buffer`, () => readInto(runner, name, longMiB)],
  ])
  const rates = await measure(contestants, rounds, longMiB)
  await runner.stop(name)
  const cat = median(rates.get('cat >/dev/null')!)
  const best = Math.max(median(rates.get(`${ours}, for await`)!)!, median(rates.get(`${ours}, own buffer`)!)!)
  const measured = ratio(best, cat)!
  return {
    title: `Reading an output of ${longMiB} MiB, one reader, ${rounds} times each`,
    columns,
    rows: toRows(rates, cat),
    aims: [{ what: 'reading, times that of cat', measured, unit: 'times', limit: 0.8, is: 'at least' }],
  }
}

async function readShared(runner: CgroupRunner, ours: string, rounds: number): Promise<Section> {
  const { name, path } = await write(runner, sharedMiB)
  const total = manyReaders * sharedMiB
  const readers = Array.from({ length: manyReaders })
  const contestants = new Map<string, () => Promise<unknown>>([
    [
      `${manyReaders} cat >/dev/null`,
      () => run('sh', ['-c', `for i in $(seq ${manyReaders}); do cat "$0" >/dev/null & done; wait`, path]),
    ],
    [`${ours}, ${manyReaders} readers`, () => Promise.all(readers.map(() => readAll(runner, name, sharedMiB)))],
    [`${ours}, 1 reader`, () => readAll(runner, name, sharedMiB)],
  ])
  const rates = await measure(contestants, rounds, total)
  const one = `${ours}, 1 reader`
  rates.set(
    one,
    rates.get(one)!.map((rate) => rate / manyReaders),
  )
  await runner.stop(name)
  return {
    title: `Reading an output of ${sharedMiB} MiB, ${manyReaders} readers, ${rounds} times each`,
    columns,
    rows: toRows(rates, median(rates.get(`${manyReaders} cat >/dev/null`)!)),
    aims: [],
  }
}

async function measure(
  contestants: ReadonlyMap<string, () => Promise<unknown>>,
  rounds: number,
  size: number,
): Promise<Map<string, number[]>> {
  const rates = new Map([...contestants.keys()].map((name) => [name, [] as number[]]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, read] of shuffled([...contestants])) {
      const begun = performance.now()
      await read()
      // The first round warms up.
      if (round > 0) rates.get(name)!.push((size / (performance.now() - begun)) * 1000)
    }
  }
  return rates
}

function toRows(rates: ReadonlyMap<string, readonly number[]>, cat: number | null): Row[] {
  return [...rates].map(([name, taken]) => ({ name, values: [median(taken), ratio(median(taken), cat)] }))
}

async function readAll(runner: CgroupRunner, name: string, size: number): Promise<void> {
  let read = 0
  for await (const chunk of runner.output(name)) read += chunk.length
  checkSize(read, size)
}

/** Hands the same buffer in again and again. */
async function readInto(runner: CgroupRunner, name: string, size: number): Promise<void> {
  const reader = runner.output(name).getReader({ mode: 'byob' })
  let buffer = new Uint8Array(mib)
  let read = 0
  for (;;) {
    const { value, done } = await reader.read(buffer)
    if (done || !value) break
    read += value.length
    buffer = new Uint8Array(value.buffer)
  }
  checkSize(read, size)
}

function checkSize(read: number, size: number): void {
  if (read !== size * mib) throw new Error(`read ${read} bytes of ${size * mib}`)
}

async function run(program: string, words: readonly string[]): Promise<void> {
  const [status] = await once(spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (status !== 0) throw new Error(`${program} exited with ${status}`)
}
