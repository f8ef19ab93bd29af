import { Command } from 'commander'
import { beforeEach, expect, test, vi } from 'vitest'

import { define, jobConfig } from './run.ts'

/** What `start` is given for these arguments of `corral run`. */
function configFor(...argv: string[]): ReturnType<typeof jobConfig> {
  const program = new Command('corral').enablePositionalOptions()
  const command = program.command('run').exitOverride()
  define(command)
  command.action(() => {})
  program.parse(['run', ...argv], { from: 'user' })
  return jobConfig(command.args, command.opts())
}

/** As if the tests were run there: a job sees it whatever its fences are. */
beforeEach(() => void vi.spyOn(process, 'cwd').mockReturnValue('/srv/here'))

const defaults = { cwd: '/srv/here', stopSignal: 'SIGTERM', stopGraceMs: 10_000 }

test.each([[['--', 'sh', '-c', 'x']], [['sh', '-c', 'x']]])('%j', (argv) =>
  expect(configFor(...argv)).toEqual({ ...defaults, command: ['sh', '-c', 'x'] }),
)

test('a job has a cgroup, unless it is said that it has not', () => {
  expect(configFor('true')).not.toHaveProperty('noLimits')
  expect(jobConfig(['true'], { stopSignal: 'SIGTERM', stopGrace: 0 })).not.toHaveProperty('noLimits')
  expect(configFor('--no-limits', 'true')).toMatchObject({ noLimits: true })
})

test('what looks like our options belongs to the job once its command has begun', () => {
  const { command } = configFor('--pids-max', '5', 'env', '--name', 'x', '--', '--help')
  expect(command).toEqual(['env', '--name', 'x', '--', '--help'])
  expect(configFor('--', '--name', 'x').command).toEqual(['--name', 'x'])
})

test('all options', () => {
  const argv = [
    ...['--cpu-max', '50000 100000', '--cpu-weight', '50', '--cpuset-cpus', '0-1', '--memory-max', '64M'],
    ...['--memory-high', '32M', '--swap-max', '0', '--io-max', '/dev/vda wbps=1', '--io-max', '/dev/vdb rbps=1'],
    ...['--io-weight', '20', '--pids-max', 'max', '--name', 'web', '-e', 'A=1', '--env', 'B=', '-w', '/srv'],
    ...[
      '-u',
      'www-data',
      '-g',
      '33',
      '-l',
      'team=shop',
      '--timeout',
      '1.5s',
      '--stop-signal',
      'int',
      '--stop-grace',
      '0',
      'x',
    ],
  ]
  expect(configFor(...argv)).toEqual({
    command: ['x'],
    cpuMax: '50000 100000',
    cpuWeight: 50,
    cpusetCpus: '0-1',
    memoryMax: '64M',
    memoryHigh: '32M',
    swapMax: '0',
    ioMax: ['/dev/vda wbps=1', '/dev/vdb rbps=1'],
    ioWeight: 20,
    pidsMax: 'max',
    name: 'web',
    env: { A: '1', B: '' },
    cwd: '/srv',
    user: 'www-data',
    group: '33',
    labels: { team: 'shop' },
    timeoutMs: 1500,
    stopSignal: 'SIGINT',
    stopGraceMs: 0,
  })
})
