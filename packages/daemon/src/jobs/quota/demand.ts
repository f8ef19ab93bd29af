import { InvalidOptionError, type Limits } from '@corral/runner'

import { parseBytes, parseCpus } from '../../amounts.ts'
import type { Demand } from '../record/record.ts'

/** What limits take of a quota, read as the library reads them; those that it refuses are none. */
export function demandOf({ memoryMax, cpuMax }: Limits): Demand {
  return { memoryBytes: bounded(parseBytes(memoryMax)), cpus: bounded(parseCpus(cpuMax)) }
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

/** Null: no bound. */
function bounded(amount: number | undefined): number | null {
  return amount === undefined || amount === Infinity ? null : amount
}

/** Bytes of an option, a number or with a suffix; `max` is no bound. */
export function boundOf(option: string, value: number | string): number {
  const bytes = parseBytes(value)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new InvalidOptionError(option, value, "bytes, or with a suffix K, M, G or T such as '1G', or 'max'")
}
