import type { Place } from './contract.ts'
import { limitRefused } from './refusal.ts'

/** BFQ's weights are 1 to 1000, with the same default of 100 (Documentation/block/bfq-iosched.rst). */
const maxBfqWeight = 1000

/** The value of an I/O weight for the file that this host has for it. */
export function ioWeightValue(place: Place, weight: number): number {
  if (weight > maxBfqWeight && place.ioWeightFile?.includes('bfq')) {
    throw limitRefused('ioWeight', `the I/O scheduler here is BFQ, whose weights end at ${maxBfqWeight}`)
  }
  return weight
}

/**
 * The v1 `cpu.shares` of a v2 weight: the inverse of runc's (opencontainers/runc pull request 4785), a curve through
 * both ends and the defaults: 1 ↔ 2, 100 ↔ 1024, 10000 ↔ 262144.
 */
export function cpuShares(weight: number): number {
  const log2 = (Math.sqrt(125 ** 2 + 4 * 612 * (Math.log10(weight) + 7 / 34)) - 125) / 2
  return Math.min(262_144, Math.max(2, Math.round(2 ** log2)))
}
