import { InvalidOptionError } from '@corral/runner/errors'

const factors: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/**
 * Bytes as the library takes them, `max` being Infinity.
 * @throws {InvalidOptionError}
 */
export function bytesOf(option: string, value: unknown): number {
  if (value === 'max') return Infinity
  const match = typeof value === 'string' ? /^(\d+)([KMGT]?)$/i.exec(value) : null
  const bytes = match ? Number(match[1]) * factors[match[2]!.toUpperCase()]! : value
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw new InvalidOptionError(option, value, "bytes, also with a suffix K, M, G or T such as '64M', or 'max'")
}

/**
 * CPUs that a `cpuMax` comes to, `max` being Infinity.
 * @throws {InvalidOptionError}
 */
export function cpusOf(option: string, value: unknown): number {
  const match = typeof value === 'string' ? /^\s*(max|\d+)(?:\s+(\d+))?\s*$/.exec(value) : null
  const period = Number(match?.[2] ?? 100_000)
  if (!match || !(period > 0)) {
    throw new InvalidOptionError(option, value, "'MAX PERIOD', 'MAX' or 'max', such as '50000 100000' for half a CPU")
  }
  return match[1] === 'max' ? Infinity : Number(match[1]) / period
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
