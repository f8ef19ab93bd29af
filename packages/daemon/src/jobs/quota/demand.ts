import { InvalidOptionError, type Limits } from '@corral/runner'

import type { Demand } from '../record/record.ts'

const factors: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

const defaultPeriodUs = 100_000

/** What limits take of a quota, read as the library reads them; those that it refuses are none. */
export function demandOf({ memoryMax, cpuMax }: Limits): Demand {
  return { memoryBytes: bytesOf(memoryMax), cpus: cpusOf(cpuMax) }
}

/** The demand of a job whose limits are changed. */
export function changedDemand(demand: Demand, limits: Limits): Demand {
  const changed = demandOf(limits)
  return {
    memoryBytes: limits.memoryMax === undefined ? demand.memoryBytes : changed.memoryBytes,
    cpus: limits.cpuMax === undefined ? demand.cpus : changed.cpus,
  }
}

/** What a job takes of which it is not known which of two demands it has. */
export function largerDemand(one: Demand, other: Demand): Demand {
  const larger = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : Math.max(a, b)
  return {
    memoryBytes: larger(one.memoryBytes, other.memoryBytes),
    cpus: larger(one.cpus, other.cpus),
  }
}

/** Bytes; null: no bound. */
function bytesOf(value: number | string | undefined): number | null {
  if (typeof value === 'number') return value
  const match = /^(\d+)([KMGT]?)$/i.exec(value ?? '')
  return match ? Number(match[1]) * factors[match[2]!.toUpperCase()]! : null
}

/** CPUs, as `cpu.max` says them: a quota in each period; null: no bound. */
function cpusOf(value: string | undefined): number | null {
  const match = /^\s*(\d+)(?:\s+(\d+))?\s*$/.exec(value ?? '')
  return match ? Number(match[1]) / (match[2] === undefined ? defaultPeriodUs : Number(match[2])) : null
}

/** Bytes of an option, a number or with a suffix; `max` is no bound. */
export function boundOf(option: string, value: number | string): number {
  const bytes = value === 'max' ? Infinity : bytesOf(value)
  if (bytes !== null && bytes > 0) return bytes
  throw new InvalidOptionError(option, value, "bytes, or with a suffix K, M, G or T such as '1G', or 'max'")
}
