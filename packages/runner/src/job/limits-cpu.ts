import { readFile } from 'node:fs/promises'

import { InvalidOptionError } from '../errors/mistakes.ts'

/** CPU bandwidth: at most `quotaUs` of CPU time in each `periodUs`. */
export interface CpuMax {
  quotaUs: number | 'max'
  periodUs: number
}

/** The kernel's bounds (kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period, max_cfs_runtime). */
const minUs = 1_000
const maxPeriodUs = 1_000_000
const maxQuotaUs = 2 ** 44 - 1
const defaultPeriodUs = 100_000

const cpuMaxFormat =
  "'MAX PERIOD', 'MAX' or 'max' in microseconds, such as '50000 100000' for half a CPU; " +
  `MAX at least ${minUs} or 'max', PERIOD from ${minUs} to ${maxPeriodUs}`

/** Parses what `cpu.max` takes. */
export function parseCpuMax(option: string, value: unknown): CpuMax {
  const match = typeof value === 'string' ? /^\s*(max|\d+)(?:\s+(\d+))?\s*$/.exec(value) : null
  if (!match) throw new InvalidOptionError(option, value, cpuMaxFormat)
  const quotaUs = match[1] === 'max' ? 'max' : Number(match[1])
  const periodUs = match[2] === undefined ? defaultPeriodUs : Number(match[2])
  const quotaFits = quotaUs === 'max' || (quotaUs >= minUs && quotaUs <= maxQuotaUs)
  if (quotaFits && periodUs >= minUs && periodUs <= maxPeriodUs) return { quotaUs, periodUs }
  throw new InvalidOptionError(option, value, cpuMaxFormat)
}

/** Checks a list of CPUs against those online: the kernel takes any in `cpuset.cpus`, and ignores what is not there. */
export async function parseCpus(option: string, value: unknown): Promise<string> {
  const online = (await readFile('/sys/devices/system/cpu/online', 'utf8')).trim()
  const wanted = typeof value === 'string' ? expandCpus(value) : undefined
  const present = expandCpus(online)
  if (wanted && (!present || wanted.isSubsetOf(present))) return value as string
  throw new InvalidOptionError(option, value, `a list of CPUs such as '0-3,8', of those online: ${online}`)
}

/** The CPUs of a list such as `0-3,8`; undefined when it is not one. */
function expandCpus(list: string): Set<number> | undefined {
  const cpus = new Set<number>()
  for (const range of list.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range)
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
    if (!match || last < first) return undefined
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu)
  }
  return cpus
}
