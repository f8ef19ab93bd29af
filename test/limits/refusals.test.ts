import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { InvalidOptionError } from '@corral/runner'
import { describe, expect, onTestFinished } from 'vitest'

import { layout } from '../support/cgroups.ts'
import { slowness } from '../support/eventually.ts'
import { runJob, startReady, untilOutput } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { eventually, jobCgroups, test } from '../support/test.ts'

const bad: [string, unknown, RegExp][] = [
  ['cpuMax', 'half', /MAX PERIOD/],
  ['cpuMax', '50000 10', /PERIOD from 1000 to 1000000/],
  ['cpuMax', '10 100000', /MAX at least 1000/],
  ['cpuMax', 50_000, /in microseconds/],
  ['cpuMax', '', /'max'/],
  ['cpuWeight', 0, /from 1 to 10000/],
  ['cpuWeight', 10_001, /from 1 to 10000/],
  ['cpusetCpus', '999', /of those online/],
  ['cpusetCpus', 'all', /a list of CPUs/],
  ['memoryMax', '64X', /suffix K, M, G or T/],
  ['memoryMax', -1, /at least 4096/],
  ['memoryMax', 100, /at least 4096/],
  ['memoryMax', 1.5e9 + 0.5, /whole number/],
  ['memoryHigh', 'lots', /suffix/],
  ['swapMax', '-1', /suffix/],
  ['ioMax', '/dev/null wbps=1M', /character device/],
  ['ioMax', '/nowhere wbps=1M', /ENOENT/],
  ['ioMax', '/ speed=1', /rbps=N wbps=N/],
  ['ioMax', 5, /lines of/],
  ['ioWeight', 'high', /from 1 to 10000/],
  ['pidsMax', 0, /from 1 to 4194304/],
  ['pidsMax', '1K', /or 'max'/],
]

describe('a limit that is not accepted', () => {
  test.for(bad)(
    '%s: %j is named with what is accepted, and nothing is made',
    async ([option, value, accepted], { runner }) => {
      const start = runner.start({ command: ['true'], [option]: value })
      const error = await start.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(InvalidOptionError)
      expect(error).toMatchObject({ option, accepted: expect.stringMatching(accepted) })
      expect(await readdir(join(runner.storageRoot, 'jobs'))).toEqual([])
      expect(await jobCgroups(runner.storageRoot)).toEqual([])
    },
  )

  test('leaves a job that runs as it is', async ({ runner }) => {
    const name = await startReady(runner, { command: sh('echo ready; exec sleep 1000') })
    for (const [option, value] of bad) {
      await expect(runner.update(name, { [option]: value })).rejects.toMatchObject({
        name: 'InvalidOptionError',
        option,
      })
    }
    expect((await runner.inspect(name)).spec.limits).toEqual({})
  })
})

// v2 takes whatever is well-formed, and has what is above bound it; v1 refuses.
describe('a limit beyond what is possible', () => {
  const refused = { name: 'CorralError', code: 'LIMIT_REFUSED' }

  test(
    'at the start is refused with file and errno, and nothing is left',
    { timeout: 60_000 * slowness },
    async ({ openRunner, folder }) => {
      const parent = `/${basename(folder)}`
      await makeParent(parent)
      const runner = await openRunner({ cgroupParent: parent })
      const start = runner.start({ command: ['true'], cpuMax: '50000 100000' })
      if (layout === 'unified') {
        expect(await runner.wait(await start)).toMatchObject({ exitStatus: 0 })
        return
      }
      await expect(start).rejects.toMatchObject({
        ...refused,
        syscall: 'limit',
        path: expect.stringMatching(/^\/sys\/fs\/cgroup\/cpu\/.*\/cpu\.cfs_quota_us$/),
        errno: 'EINVAL',
        message: expect.stringMatching(/^could not write the limit \/sys\/.*: invalid argument \(EINVAL\)/),
      })
      expect(await readdir(join(runner.storageRoot, 'jobs'))).toEqual([])
      expect(await jobCgroups(runner.storageRoot)).toEqual([])
      expect((await runJob(runner, { command: ['echo', 'fine'], cpuMax: '5000 100000' })).output).toBe('fine\n')
    },
  )

  test('for a job that runs is refused with file and errno, or ends it', async ({ runner }) => {
    const name = await runner.start({ command: [program('eat-memory'), '64', 'hold'] })
    await untilOutput(runner, name, 'touched\n')
    const update = runner.update(name, { memoryMax: '16M' })
    if (layout === 'unified') {
      await update
      expect(await runner.wait(name)).toMatchObject({ state: 'oom', oom: true })
      return
    }
    await expect(update).rejects.toMatchObject({
      ...refused,
      path: expect.stringMatching(/\/memory\.limit_in_bytes$/),
      errno: 'EBUSY',
    })
    expect(await runner.inspect(name)).toMatchObject({ state: 'active', spec: { limits: {} } })
  })
})

/** Makes a cgroup, in all hierarchies that jobs need, that has a tenth of a CPU; it goes when the launcher has gone. */
async function makeParent(parent: string): Promise<void> {
  const hierarchies = layout === 'unified' ? [''] : ['/unified', '/cpu', '/memory', '/pids', '/blkio']
  const directories = hierarchies.map((hierarchy) => `/sys/fs/cgroup${hierarchy}${parent}`)
  for (const directory of directories) await mkdir(directory)
  onTestFinished(async () => {
    for (const directory of directories) await eventually(async () => rmdir(directory), 30_000)
  })
  if (layout === 'hybrid') await writeFile(`/sys/fs/cgroup/cpu${parent}/cpu.cfs_quota_us`, '10000')
}
