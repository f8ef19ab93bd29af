import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { CgroupRunner } from '@corral/runner'

import { median, quantile, ratio, shuffled } from './samples.ts'
import type { Context, Section } from './scenario.ts'

const corral = join(import.meta.dirname, '../packages/cli/bin/corral.js')

/** `corral run -- true` against the start of Node alone. */
export async function command({ runs, roots, cleanup }: Context): Promise<Section[]> {
  const [{ folder }] = roots
  const warm = join(folder, 'warm')
  const runner = cleanup.use(await CgroupRunner.open({ storageRoot: warm }))
  await runner.stop(await runner.start({ command: ['true'] }))
  let cold = 0
  const contestants = new Map<string, () => Promise<number>>([
    ['node -e 0', () => time(['-e', '0'], warm)],
    ['corral --version', () => time([corral, '--version'], warm)],
    ['corral run -- true', () => time([corral, 'run', '--', 'true'], warm)],
    ['corral run -- true, cold', () => time([corral, 'run', '--', 'true'], join(folder, `cold-${++cold}`))],
  ])
  const rounds = Math.max(5, Math.ceil(runs / 20))
  const taken = new Map([...contestants.keys()].map((name) => [name, [] as number[]]))
  for (let round = -2; round < rounds; round++) {
    for (const [name, run] of shuffled([...contestants])) {
      const ms = await run()
      if (round >= 0) taken.get(name)!.push(ms)
    }
  }
  const node = median(taken.get('node -e 0')!)
  return [
    {
      title: `The command, ${rounds} runs each; cold: with no launcher running`,
      columns: [
        { title: 'p50', unit: 'ms' },
        { title: 'worst', unit: 'ms' },
        { title: 'x node -e 0', unit: 'times' },
      ],
      rows: [...taken].map(([name, times]) => ({
        name,
        values: [median(times), quantile(times, 1), ratio(median(times), node)],
      })),
      aims: [],
    },
  ]
}

/** Runs Node to its end, with jobs in a storage root; how many ms it took. */
async function time(words: readonly string[], storageRoot: string): Promise<number> {
  const begun = performance.now()
  const env = { ...process.env, CORRAL_STORAGE_ROOT: storageRoot }
  const [status] = await once(spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (status !== 0) throw new Error(`${words.join(' ')} exited with ${status}`)
  return performance.now() - begun
}
