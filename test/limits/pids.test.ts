import { describe, expect } from 'vitest'

import { readCgroup } from '../support/cgroups.ts'
import { runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { jobCgroups, test } from '../support/test.ts'

describe('pidsMax', () => {
  test('stops a fork bomb, which can then be stopped', async ({ runner }) => {
    const name = await runner.start({ command: [program('fork-many'), '1000'], pidsMax: 20 })
    expect(await untilOutput(runner, name, '\n')).toBe('19 EAGAIN\n')
    const { usage } = await runner.status(name)
    expect(usage!.pids).toBe(20)
    expect(await runner.stop(name)).toMatchObject({ state: 'stopped', signal: 'SIGKILL' })
    expect(await jobCgroups(runner.storageRoot)).toEqual([])
  })

  test('stops a bomb of shells that forks without end', async ({ runner }) => {
    const name = await startReady(runner, {
      command: sh('echo ready; b() { b | b & b; }; b'),
      pidsMax: 30,
      timeoutMs: 60_000,
    })
    expect((await runner.status(name)).usage?.pids ?? 0).toBeLessThanOrEqual(30)
    expect(['stopped', 'exited']).toContain((await runner.stop(name)).state)
  })

  test('counts threads and processes, and lets as many as it says', async ({ runner }) => {
    const name = await runner.start({ command: [program('fork-many'), '19'], pidsMax: 20 })
    expect(await untilOutput(runner, name, '\n')).toBe('19 all\n')
  })

  test('is 4096 when nothing is said, and can be max', async ({ runner }) => {
    const command = sh('echo ready; exec sleep 1000')
    expect(await readCgroup(runner.storageRoot, await startReady(runner, { command }), 'pids.max')).toBe('4096')
    expect(
      await readCgroup(runner.storageRoot, await startReady(runner, { command, pidsMax: 'max' }), 'pids.max'),
    ).toBe('max')
  })

  test('1 lets a job run that does not fork', async ({ runner }) => {
    expect((await runJob(runner, { command: [program('eat-memory'), '1'], pidsMax: 1 })).output).toBe('touched\n')
    const name = await runner.start({ command: [program('fork-many'), '1'], pidsMax: 1 })
    expect(await untilOutput(runner, name, '\n')).toBe('0 EAGAIN\n')
  })
})
