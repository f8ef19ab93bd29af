import { openSync, closeSync } from 'node:fs'

import { CgroupRunner } from '@corral/runner'

import { timeProcess } from './processes.ts'
import { median, ratio, shuffled } from './samples.ts'
import type { Column, Context, Section } from './scenario.ts'
import { corralName } from './start.ts'

export const starters = 8
const sliceMs = 1000

/** The columns of how often something is done, and of how that compares. */
export function rateColumns(compared: string): readonly Column[] {
  return [
    { title: 'a second', unit: 'per second' },
    { title: compared, unit: 'times' },
  ]
}

/** How many commands a second eight starters get through, each starting the next one when one has ended. */
export async function rate({ runs, roots, cleanup }: Context): Promise<Section[]> {
  const output = openSync('/dev/null', 'w')
  cleanup.defer(() => closeSync(output))
  const contestants = new Map<string, () => Promise<unknown>>([['spawn', () => timeProcess(['/bin/true'], output)]])
  for (const root of roots) {
    const runner = cleanup.use(await CgroupRunner.open({ storageRoot: root.folder }))
    contestants.set(corralName(root), async () => {
      const name = await runner.start({ command: ['/bin/true'] })
      await runner.wait(name)
      await runner.stop(name)
    })
  }
  const rates = new Map([...contestants.keys()].map((name) => [name, [] as number[]]))
  for (const runOne of contestants.values()) await perSecond(runOne, sliceMs / 4)
  for (let round = 0; round < Math.ceil(runs / 75); round++) {
    for (const [name, runOne] of shuffled([...contestants])) rates.get(name)!.push(await perSecond(runOne, sliceMs))
  }
  const spawn = median(rates.get('spawn')!)
  return [
    {
      title: `Start, wait and stop of /bin/true, ${starters} at a time`,
      columns: rateColumns('x spawn'),
      rows: [...rates].map(([name, taken]) => ({ name, values: [median(taken), ratio(median(taken), spawn)] })),
      aims: [],
    },
  ]
}

/** How often something is done in a second by as many as there are starters. */
export async function perSecond(runOne: () => Promise<unknown>, ms: number): Promise<number> {
  const begun = performance.now()
  let done = 0
  const work = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      await runOne()
      done++
    }
  }
  await Promise.all(Array.from({ length: starters }, work))
  return (done / (performance.now() - begun)) * 1000
}
