import type { Limits } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'

import { bytesOf, countOf, cpuSetOf, cpusOf } from './amounts.ts'
import type { Bounds, LimitBounds, RulesConfig } from './config.ts'
import { exceedsIo } from './io-limits.ts'

/** How values of an option compare. */
export interface Scale {
  /** @throws {InvalidOptionError} for a value that is none. */
  exceeds: (option: string, value: unknown, max: unknown) => boolean
  /** What the library takes it for where it is not given; undefined: no bound. */
  usual?: unknown
}

function scale(measure: (option: string, value: unknown) => number, usual?: unknown): Scale {
  return { exceeds: (option, value, max) => measure(option, value) > measure(option, max), usual }
}

/** Each limit of the library's. */
export const limitScales = {
  cpuMax: scale(cpusOf),
  cpuWeight: scale(countOf, 100),
  cpusetCpus: { exceeds: (option, value, max) => !cpuSetOf(option, value).isSubsetOf(cpuSetOf(option, max)) },
  memoryMax: scale(bytesOf),
  memoryHigh: scale(bytesOf),
  swapMax: scale(bytesOf),
  ioMax: { exceeds: exceedsIo },
  ioWeight: scale(countOf, 100),
  pidsMax: scale(countOf, 4096),
} as const satisfies Record<keyof Limits, Scale>

export const millisecondScale = scale(countOf)
export const graceScale = scale(countOf, 0)
export const collectTimeScale = scale(countOf, 60_000)
/** Of `outputMax` and of `collect`: the daemon's default, and the library's, are 1 GiB. */
export const storedScale = scale(bytesOf, 1024 ** 3)

/** What jobs may use, checked. */
export interface CheckedBounds {
  limits: LimitBounds
  timeoutMs: Bounds<number>
  stopGraceMs: Bounds<number>
  outputMax: Bounds<number | string>
  collectMax: Bounds<number | string>
  priorityMax: number
}

/**
 * The bounds of rules, checked and with their defaults.
 * @throws {InvalidOptionError}
 */
export function checkBounds(option: string, config: RulesConfig): CheckedBounds {
  const limits: LimitBounds = { ...config.limits, pidsMax: { max: 4096, ...config.limits?.pidsMax } }
  for (const [name, each] of Object.entries(limits)) {
    if (!Object.hasOwn(limitScales, name)) {
      throw new InvalidOptionError(`${option}.limits.${name}`, each, `only ${Object.keys(limitScales).join(', ')}`)
    }
    checkPair<unknown>(`${option}.limits.${name}`, each, limitScales[name as keyof Limits])
  }
  return {
    limits,
    timeoutMs: checkPair(`${option}.timeoutMs`, config.timeoutMs, millisecondScale),
    stopGraceMs: checkPair(`${option}.stopGraceMs`, { max: 600_000, ...config.stopGraceMs }, graceScale),
    outputMax: checkPair(`${option}.outputMax`, config.outputMax, storedScale),
    collectMax: checkPair(`${option}.collectMax`, { max: 1024 ** 3, ...config.collectMax }, storedScale),
    priorityMax: config.priorityMax ?? 0,
  }
}

function checkPair<Value>(option: string, bounds: Bounds<Value> = {}, { exceeds }: Scale): Bounds<Value> {
  const { default: usual, max } = bounds
  if (max !== undefined) exceeds(`${option}.max`, max, max)
  if (usual !== undefined && exceeds(`${option}.default`, usual, max ?? usual)) {
    throw new InvalidOptionError(`${option}.default`, usual, `at most ${option}.max, which is ${String(max)}`)
  }
  return bounds
}
