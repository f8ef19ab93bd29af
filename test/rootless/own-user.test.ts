import { expect } from 'vitest'

import { parentOf } from '../faults/host.ts'
import { startReady } from '../support/jobs.ts'
import { probe, statusField } from '../support/probe.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

test('strict gives each job ids that no other process has', async ({ runner }) => {
  const start = async (): Promise<{ uid: number; init: number }> => {
    const name = await startReady(runner, { isolation: 'strict', command: sh('echo ready; sleep 1000') })
    const { ownUid, pid, spec } = await runner.inspect(name)
    expect(spec.user).toBeNull()
    return { uid: ownUid!, init: parentOf(pid!) }
  }
  const [first, second] = [await start(), await start()]
  expect(first.uid).toBe(0x70000000 + first.init)
  expect(second.uid).toBe(0x70000000 + second.init)
})

test('such a job has no group but its own, no capability, and a home that it can write', async ({ runner }) => {
  const job = await probe(runner, { isolation: 'strict' })
  expect(job).toMatchObject({ euid: job.uid, gid: job.uid, egid: job.uid, groups: [] })
  expect(job.uid).toBeGreaterThanOrEqual(0x70000000)
  expect(statusField(job, 'CapPrm')).toMatch(/^0+$/)
  expect(job.environment).toContain('HOME=/tmp')
  expect(job.environment.filter((entry) => /^(USER|LOGNAME)=/.test(entry))).toEqual([])
  const work = await probe(runner, { isolation: 'strict', workdir: 'private' })
  expect(work).toMatchObject({ cwd: '/tmp/work' })
  expect(work.environment).toContain('HOME=/tmp/work')
})

test('a user that is named goes before', async ({ runner }) => {
  const name = await runner.start({ command: ['true'], isolation: 'strict', user: 'nobody' })
  expect(await runner.inspect(name)).toMatchObject({ ownUid: null, spec: { user: { uid: 65_534 } } })
  await runner.wait(name)
})
