import { expect } from 'vitest'

import { test } from '../cli/corral.ts'

test('--no-limits, and nothing else, has a job run without a cgroup', async ({ corral }) => {
  const cgroupsOf = async (...options: string[]): Promise<unknown> => {
    const name = await corral.detach(...options, '--', 'true')
    return JSON.parse((await corral.run('inspect', name)).stdout).spec.cgroups
  }
  expect(await cgroupsOf()).not.toBeNull()
  expect(await cgroupsOf('--no-limits')).toBeNull()
  const { exitStatus, stderr } = await corral.run('run', '--no-limits', '--pids-max', '5', '--', 'true')
  expect({ exitStatus, stderr }).toMatchObject({ exitStatus: 125, stderr: expect.stringContaining('noLimits') })
})
