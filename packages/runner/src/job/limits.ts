import { type CpuMax, parseCpuMax, parseCpus } from './limits-cpu.ts'
import { type IoMax, parseIoMax } from './limits-io.ts'
import { parseBytes } from './limits-memory.ts'
import { parseCount } from './limits-number.ts'
import type { Limits } from './config.ts'

/** The `pidsMax` of a job that names none. */
export const defaultPidsMax = 4096

/** The least memory limit that is accepted, in bytes: one page. The kernel rounds down to pages, and none is no limit. */
const minMemoryBytes = 4096

/** Limits, checked and in numbers. What was not given is absent: the defaults are filled in by `planJob`. */
export interface CheckedLimits {
  cpuMax?: CpuMax
  cpuWeight?: number
  cpusetCpus?: string
  memoryMaxBytes?: number | 'max'
  memoryHighBytes?: number | 'max'
  swapMaxBytes?: number | 'max'
  ioMax?: readonly IoMax[]
  ioWeight?: number
  pidsMax?: number | 'max'
}

export type { CpuMax, IoMax }

/**
 * Checks limits and resolves the devices in them.
 * @throws {InvalidOptionError} naming the option, the value and the accepted format.
 */
export async function checkLimits(limits: Limits): Promise<CheckedLimits> {
  const { cpuMax, cpuWeight, cpusetCpus, memoryMax, memoryHigh, swapMax, ioMax, ioWeight, pidsMax } = limits
  const checked: CheckedLimits = {}
  if (cpuMax !== undefined) checked.cpuMax = parseCpuMax('cpuMax', cpuMax)
  if (cpuWeight !== undefined) checked.cpuWeight = parseWeight('cpuWeight', cpuWeight)
  if (cpusetCpus !== undefined) checked.cpusetCpus = await parseCpus('cpusetCpus', cpusetCpus)
  if (memoryMax !== undefined) checked.memoryMaxBytes = parseBytes('memoryMax', memoryMax, minMemoryBytes)
  if (memoryHigh !== undefined) checked.memoryHighBytes = parseBytes('memoryHigh', memoryHigh, minMemoryBytes)
  if (swapMax !== undefined) checked.swapMaxBytes = parseBytes('swapMax', swapMax, 0)
  if (ioMax !== undefined) checked.ioMax = await parseIoMax('ioMax', ioMax)
  if (ioWeight !== undefined) checked.ioWeight = parseWeight('ioWeight', ioWeight)
  if (pidsMax !== undefined) checked.pidsMax = parsePids('pidsMax', pidsMax)
  return checked
}

/** Range of `cpu.weight` and `io.weight` (cgroup-v2.rst, "Weights"). */
function parseWeight(option: string, value: unknown): number {
  return parseCount(option, value, 1, 10_000, 'a whole number from 1 to 10000; the kernel default is 100')
}

/** `pids.max` ends at PID_MAX_LIMIT, 2^22 (cgroup-v1/pids.rst; include/linux/threads.h); beyond it is `max`. */
function parsePids(option: string, value: unknown): number | 'max' {
  if (value === 'max') return value
  return parseCount(option, value, 1, 2 ** 22, `a whole number from 1 to ${2 ** 22}, or 'max'`)
}
