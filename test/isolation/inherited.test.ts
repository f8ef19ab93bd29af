import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

/** Starts a launcher over a storage root from a process that has been limited in every way. */
const starter = `
  import { CgroupRunner } from '@corral/runner'
  await using runner = await CgroupRunner.open({ storageRoot: process.argv[1] })
  await runner.wait(await runner.start({ command: ['true'] }))
`

test('who starts the launcher does not limit the jobs of those who come later', async ({ folder, openRunner }) => {
  const root = `${folder}/root`
  const limited = ['--nofile=60:', '--fsize=65536:', 'nice', '-n', '15', 'taskset', '-c', '0']
  const node = [process.execPath, '--input-type=module', '-e', starter, root]
  await promisify(execFile)('prlimit', [...limited, ...node], { cwd: import.meta.dirname })
  const script = `ulimit -Sn; ulimit -f; nice; grep Cpus_allowed_list: /proc/self/status; head -c 100000 /dev/zero | wc -c`
  const { status, output } = await runJob(await openRunner(), { command: sh(script) })
  expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
  const processors = (await promisify(execFile)('cat', ['/sys/devices/system/cpu/online'])).stdout.trim()
  expect(output.trim().split(/\s*\n/)).toEqual([
    '1024',
    'unlimited',
    '0',
    `Cpus_allowed_list:\t${processors}`,
    '100000',
  ])
})
