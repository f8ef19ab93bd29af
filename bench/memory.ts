import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { CgroupRunner } from '@corral/runner'

import { childrenOf, launchersBelow, pssKiB } from './processes.ts'
import type { Context, Row, Section } from './scenario.ts'
import { corralName } from './start.ts'

const jobCounts = [100, 1000]
const abreast = 8
/** On a busy machine there are fewer jobs, rather than a longer wait. */
const mostMs = 30_000

interface Reading {
  /** PSS of the launcher and all inits. */
  launcher: number
  /** PSS of this process, garbage collected. */
  node: number
  /** What the whole system has left. */
  available: number
}

/** What running jobs and readers take: proportional set sizes of the launcher, the inits and this process together. */
export async function memory({ roots, cleanup }: Context): Promise<Section[]> {
  const [root] = roots
  const runner = cleanup.use(await CgroupRunner.open({ storageRoot: root.folder }))
  await useOnce(runner)
  const rows: Row[] = []
  const names: string[] = []
  const empty = await read(root.folder)
  for (const count of jobCounts) {
    await startUpTo(runner, names, count)
    const withJobs = await read(root.folder)
    const readers = names.map((name) => runner.output(name).getReader())
    const reads = readers.map((reader) => reader.read())
    await delay(500)
    const withReaders = await read(root.folder)
    await Promise.all(readers.map((reader) => reader.cancel()))
    await Promise.all(reads)
    rows.push(toRow(corralName(root), names.length, empty, withJobs, withReaders))
  }
  await stopAll(runner, names)
  const columns = [
    { title: 'a job', unit: 'KiB' },
    { title: 'launcher, inits', unit: 'KiB' },
    { title: 'Node', unit: 'KiB' },
    { title: 'a reader', unit: 'KiB' },
    { title: 'a job, kernel and command too', unit: 'KiB' },
  ] as const
  const measured = Math.max(...rows.map(({ values }) => values[0]!))
  const aims = [
    { what: 'memory of a job in all our processes', measured, unit: 'KiB', limit: 300, is: 'below' },
  ] as const
  return [{ title: 'Memory of a running job (sleep), and of a reader that waits', columns, rows, aims }]
}

function toRow(name: string, count: number, empty: Reading, jobs: Reading, readers: Reading): Row {
  const [launcher, node] = [(jobs.launcher - empty.launcher) / count, (jobs.node - empty.node) / count]
  const reader = (readers.node + readers.launcher - jobs.node - jobs.launcher) / count
  const all = (empty.available - jobs.available) / count
  return { name: `${name}, ${count} jobs`, values: [launcher + node, launcher, node, reader, all] }
}

/** Code that is compiled at its first use is not a job's. */
async function useOnce(runner: CgroupRunner): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const name = await runner.start({ command: ['true'] })
    await new Response(runner.output(name) as ReadableStream<Uint8Array<ArrayBuffer>>).text()
    await runner.stop(name)
  }
}

async function startUpTo(runner: CgroupRunner, names: string[], count: number): Promise<void> {
  const begun = performance.now()
  let left = count - names.length
  const work = async (): Promise<void> => {
    while (left-- > 0 && performance.now() - begun < mostMs)
      names.push(await runner.start({ command: ['sleep', '600'] }))
  }
  await Promise.all(Array.from({ length: abreast }, work))
}

async function stopAll(runner: CgroupRunner, names: string[]): Promise<void> {
  const work = async (): Promise<void> => {
    for (let name = names.pop(); name; name = names.pop()) await runner.stop(name)
  }
  await Promise.all(Array.from({ length: abreast }, work))
}

async function read(folder: string): Promise<Reading> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await delay(50)
  }
  const [launcher] = launchersBelow(folder)
  const pids = [launcher!, ...childrenOf(launcher!)]
  return {
    launcher: pids.reduce((sum, pid) => sum + pssKiB(pid), 0),
    node: pssKiB('self'),
    available: Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]),
  }
}
