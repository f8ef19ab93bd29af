import { inspect } from 'node:util'

import type { Limits } from '@corral/runner'

import { type Scale, limitScales } from './bounds.ts'
import type { Bounds } from './config.ts'
import { ForbiddenOptionError } from './forbidden.ts'
import { completeIo } from './io-limits.ts'
import type { Rules } from './rules.ts'

/**
 * A value within its bounds: as it was given, or filled in where it was not and the library would take it for more.
 * @throws {ForbiddenOptionError}
 */
export function bounded<Value>(
  option: string,
  value: Value | undefined,
  bounds: Bounds<Value> | undefined,
  { exceeds, usual }: Scale,
): Value | undefined {
  const { default: filled, max } = bounds ?? {}
  if (value !== undefined) {
    refuseBeyond(option, value, max, exceeds)
    return value
  }
  if (filled !== undefined || max === undefined) return filled
  return usual === undefined || exceeds(option, usual, max) ? max : undefined
}

function refuseBeyond(option: string, value: unknown, max: unknown, exceeds: Scale['exceeds']): void {
  if (max === undefined || !exceeds(option, value, max)) return
  throw new ForbiddenOptionError(option, value, `at most ${inspect(max)}`)
}

type LimitName = keyof Limits

/** The limits of a job that is to be started. */
export function boundedLimits(given: Limits, { limits: bounds }: Rules): Limits {
  const limits: Record<string, unknown> = {}
  for (const name of Object.keys(limitScales) as LimitName[]) {
    const value = bounded<unknown>(name, given[name], bounds[name], scaleOf(name, limits))
    if (value !== undefined) limits[name] = value
  }
  if (given.ioMax !== undefined && bounds.ioMax?.max !== undefined) {
    limits['ioMax'] = completeIo('ioMax', given.ioMax, bounds.ioMax.max)
  }
  return limits
}

/** A job with a limit of its memory has no swap, unless it says otherwise. */
function scaleOf(name: LimitName, limits: Limits): Scale {
  const hasMemoryMax = limits.memoryMax !== undefined && limits.memoryMax !== 'max'
  return name === 'swapMax' && hasMemoryMax ? { ...limitScales.swapMax, usual: 0 } : limitScales[name]
}

/** Limits that a job is given while it runs: what is not among them stays as it is. */
export function checkedLimits(given: Limits, { limits: bounds }: Rules): Limits {
  for (const [name, value] of Object.entries(given) as [LimitName, unknown][]) {
    if (!Object.hasOwn(limitScales, name)) {
      throw new ForbiddenOptionError(name, value, Object.keys(limitScales).join(', '))
    }
    if (value !== undefined) refuseBeyond(name, value, bounds[name]?.max, limitScales[name].exceeds)
  }
  return given
}
