import { InvalidOptionError } from '@corral/runner/errors'

import { parseBytes, parseCpus } from '../amounts.ts'

/**
 * Bytes as the library takes them, `max` being Infinity.
 * @throws {InvalidOptionError}
 */
export function bytesOf(option: string, value: unknown): number {
  const bytes = parseBytes(value)
  if (bytes !== undefined) return bytes
  throw new InvalidOptionError(option, value, "bytes, also with a suffix K, M, G or T such as '64M', or 'max'")
}

/**
 * CPUs that a `cpuMax` comes to, `max` being Infinity.
 * @throws {InvalidOptionError}
 */
export function cpusOf(option: string, value: unknown): number {
  const cpus = parseCpus(value)
  if (cpus !== undefined) return cpus
  throw new InvalidOptionError(option, value, "'MAX PERIOD', 'MAX' or 'max', such as '50000 100000' for half a CPU")
}

/**
 * A number, also as digits, `max` being Infinity.
 * @throws {InvalidOptionError}
 */
export function countOf(option: string, value: unknown): number {
  if (value === 'max') return Infinity
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof count === 'number' && Number.isFinite(count) && count >= 0) return count
  throw new InvalidOptionError(option, value, "a number from 0, or 'max' where there is one")
}

/** Most CPUs that a list may name: the kernel's NR_CPUS is at most 8192. */
const maxCpu = 8191

/**
 * The CPUs of a list such as `0-3,8`.
 * @throws {InvalidOptionError}
 */
export function cpuSetOf(option: string, value: unknown): ReadonlySet<number> {
  const cpus = new Set<number>()
  for (const range of typeof value === 'string' ? value.split(',') : ['']) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range)
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
    if (!match || last < first || last > maxCpu) throw new InvalidOptionError(option, value, "CPUs such as '0-3,8'")
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu)
  }
  return cpus
}
