import type { Limits } from '@corral/runner'
import type { Command } from 'commander'

import { count, countOrMax, repeated } from './parsers.ts'

/** Adds the limits; the parser's names for them are the library's. */
export function addLimits(command: Command): Command {
  return command
    .optionsGroup('Limits:')
    .option('--cpu-max <quota>', "CPU time: 'MAX PERIOD' in µs ('50000 100000' is half a CPU), 'MAX', or 'max'")
    .option('--cpu-weight <n>', 'share of CPU under contention, 1 to 10000 (default: 100)', count)
    .option('--cpuset-cpus <list>', "CPUs to run on, such as '0-3,8'")
    .option('--memory-max <size>', "memory past which the job is killed: bytes, or with K, M, G or T, or 'max'")
    .option('--memory-high <size>', 'memory past which the job is slowed down and its memory reclaimed')
    .option('--swap-max <size>', 'swap (default: none when --memory-max is given)')
    .option(
      '--io-max <line>',
      "I/O on a disk: 'DEV rbps= wbps= riops= wiops='; DEV is a device, or a path on it; repeatable",
      repeated,
    )
    .option('--io-weight <n>', 'share of I/O under contention, 1 to 10000 (default: 100)', count)
    .option('--pids-max <n>', "processes and threads at once, or 'max' (default: 4096)", countOrMax)
}

const names = [
  'cpuMax',
  'cpuWeight',
  'cpusetCpus',
  'memoryMax',
  'memoryHigh',
  'swapMax',
  'ioMax',
  'ioWeight',
  'pidsMax',
] as const satisfies readonly (keyof Limits)[]

/** The limits among the options that were given. */
export function givenLimits(options: Limits): Limits {
  return Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]))
}
