import { CorralError } from '../errors/corral-error.ts'
import type { Limits } from '../job/config.ts'
import type { CheckedLimits } from '../job/limits.ts'
import type { Controller, Place } from './contract.ts'

/** Refuses the limits that cannot be set where the jobs live. What asks for no limit needs no controller. */
export function refuseMissing(place: Place, limits: CheckedLimits): void {
  const { cpuMax, memoryMaxBytes, memoryHighBytes, swapMaxBytes, ioMax, pidsMax } = limits
  if (cpuMax && cpuMax.quotaUs !== 'max') need(place, 'cpuMax', 'cpu')
  if (limits.cpuWeight !== undefined) need(place, 'cpuWeight', 'cpu')
  if (limits.cpusetCpus !== undefined) need(place, 'cpusetCpus', 'cpuset')
  if (isLimit(memoryMaxBytes)) need(place, 'memoryMax', 'memory')
  if (isLimit(memoryHighBytes)) need(place, 'memoryHigh', 'memory')
  if (isLimit(swapMaxBytes)) need(place, 'swapMax', 'memory')
  if (ioMax) need(place, 'ioMax', 'io')
  if (limits.ioWeight !== undefined) need(place, 'ioWeight', 'io')
  if (isLimit(pidsMax)) need(place, 'pidsMax', 'pids')
}

/** Our failure to express a limit. */
export function limitRefused(option: keyof Limits, why: string): CorralError {
  return new CorralError('LIMIT_REFUSED', `${option} cannot be set here: ${why}`)
}

function isLimit(value: number | 'max' | undefined): boolean {
  return typeof value === 'number'
}

function need(place: Place, option: keyof Limits, controller: Controller): void {
  if (!place.controllers[controller]) {
    throw limitRefused(option, place.missing[controller] ?? `there is no ${controller} controller`)
  }
  const why = place.inexpressible[option]
  if (why !== undefined) throw limitRefused(option, why)
}
