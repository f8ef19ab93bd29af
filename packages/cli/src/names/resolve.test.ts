import { type CgroupRunner, InvalidOptionError, JobNotFoundError } from '@corral/runner'
import { expect, test } from 'vitest'

import { resolveName } from './resolve.ts'

/** What of a runner the lookup needs, with these jobs. */
function runnerWith(...names: string[]): CgroupRunner {
  return {
    storageRoot: '/r',
    async status(name: string) {
      if (name === '') throw new InvalidOptionError('name', name, 'letters')
      if (!names.includes(name)) throw new JobNotFoundError(name, '/r')
    },
    list: async () => names.map((name) => ({ name })),
  } as unknown as CgroupRunner
}

test.each([
  ['web', 'web'],
  ['web-', 'web-2'],
  ['job.1f', 'job.1f2e'],
  ['1f', 'job.1f2e'],
  ['job.1', 'job.1'],
])('%s is %s', async (typed, name) => {
  expect(await resolveName(runnerWith('web', 'web-2', 'job.1', 'job.1f2e'), typed)).toBe(name)
})

test('several candidates are listed', async () => {
  const lookup = resolveName(runnerWith('job.1f2e', 'job.1f3d', 'other'), '1f')
  await expect(lookup).rejects.toThrow(/'1f' could be any of 2 jobs:\n {2}job.1f2e\n {2}job.1f3d$/)
})

test('many candidates are not all listed', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `job.a${index}`)
  await expect(resolveName(runnerWith(...names), 'a')).rejects.toThrow(/12 jobs:[^]*and 2 more$/)
})

test.each(['none', ''])('%j is not found', async (typed) => {
  await expect(resolveName(runnerWith('web'), typed)).rejects.toBeInstanceOf(JobNotFoundError)
})
