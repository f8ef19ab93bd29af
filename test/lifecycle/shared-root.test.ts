import { JobEndedError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { readText, startReady, untilOutput } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

const polite = sh('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.01; done')

describe('runners over one storage root', () => {
  test('see, stream, signal, update, wait for and stop the jobs of one another', async ({ openRunner }) => {
    const [one, two] = [await openRunner(), await openRunner({ jobNamePrefix: 'two.' })]
    const name = await startReady(one, { command: polite, labels: { by: 'one' } })
    expect((await two.list({ by: 'one' })).map((job) => job.name)).toEqual([name])
    await untilOutput(two, name, 'ready\n')
    await two.freeze(name)
    await one.thaw(name)
    await two.update(name, { pidsMax: 50 })
    expect((await one.inspect(name)).spec.limits).toMatchObject({ pidsMax: 50 })
    const waiting = two.wait(name)
    await two.kill(name, 'SIGTERM')
    expect(await waiting).toMatchObject({ exitStatus: 3 })
    await expect(one.kill(name, 'SIGTERM')).rejects.toThrow(JobEndedError)
    expect(await readText(two, name)).toBe('ready\nbye\n')
    expect(await two.stop(name)).toMatchObject({ state: 'exited' })
    expect(await one.list()).toEqual([])
  })

  test('share one launcher, and outlive one another', async ({ openRunner }) => {
    const runners = await Promise.all([1, 2, 3, 4].map(async () => openRunner()))
    const names = await Promise.all(runners.map(async (runner) => startReady(runner, { command: polite })))
    const [last] = runners
    for (const runner of runners.slice(1)) await runner.close()
    expect((await last!.list()).map(({ name }) => name)).toEqual([names[0]])
    expect(await last!.stop(names[0]!)).toMatchObject({ state: 'stopped' })
  })

  test('with different roots do not see one another', async ({ openRunner, folder }) => {
    const [one, two] = [
      await openRunner({ storageRoot: `${folder}/one` }),
      await openRunner({ storageRoot: `${folder}/two` }),
    ]
    await startReady(one, { name: 'same', command: polite })
    await startReady(two, { name: 'same', command: polite })
    await one.stop('same')
    expect((await two.status('same')).state).toBe('active')
  })
})
