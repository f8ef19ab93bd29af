import { create } from '@bufbuild/protobuf'
import type { Limits as LibraryLimits } from '@corral/runner'

import { type Limits, LimitsSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenCount, givenText, givenTextOrNumber, givenTexts, refuseOthers } from './given.ts'
import { digitsFromProto } from './number.ts'
import { present } from './present.ts'

/** The limits' names; a job's configuration has them among its own options. */
export const limitOptions = [
  'cpuMax',
  'cpuWeight',
  'cpusetCpus',
  'memoryMax',
  'memoryHigh',
  'swapMax',
  'ioMax',
  'ioWeight',
  'pidsMax',
] as const satisfies readonly (keyof LibraryLimits)[]

/** @throws {FieldError} by the option's name. */
export function limitsToProto(limits: LibraryLimits): Limits {
  refuseOthers('', limits, limitOptions)
  return create(LimitsSchema, {
    cpuMax: givenText('cpuMax', limits.cpuMax),
    cpuWeight: givenCount('cpuWeight', limits.cpuWeight),
    cpusetCpus: givenText('cpusetCpus', limits.cpusetCpus),
    memoryMax: givenTextOrNumber('memoryMax', limits.memoryMax),
    memoryHigh: givenTextOrNumber('memoryHigh', limits.memoryHigh),
    swapMax: givenTextOrNumber('swapMax', limits.swapMax),
    ioMax: ioMaxToProto(limits.ioMax),
    ioWeight: givenCount('ioWeight', limits.ioWeight),
    pidsMax: givenTextOrNumber('pidsMax', limits.pidsMax),
  })
}

/** An empty list could not be told from none at all, and is no limit. */
function ioMaxToProto(ioMax: LibraryLimits['ioMax']): string[] {
  const lines = typeof ioMax === 'string' ? ioMax.split('\n') : givenTexts('ioMax', ioMax)
  const given = lines.filter((line) => line.trim() !== '')
  if (ioMax === undefined || given.length > 0) return given
  throw new FieldError('ioMax', ioMax, "one line of 'DEV rbps=N wbps=N riops=N wiops=N' or more")
}

export function limitsFromProto(message: Limits): LibraryLimits {
  return present<LibraryLimits>({
    cpuMax: message.cpuMax,
    cpuWeight: message.cpuWeight,
    cpusetCpus: message.cpusetCpus,
    memoryMax: message.memoryMax,
    memoryHigh: message.memoryHigh,
    swapMax: message.swapMax,
    ioMax: message.ioMax.length > 0 ? message.ioMax : undefined,
    ioWeight: message.ioWeight,
    pidsMax: message.pidsMax === undefined ? undefined : (digitsFromProto(message.pidsMax) as number | 'max'),
  })
}

/** The limits among other options; undefined: there are none. */
export function pickLimits(config: LibraryLimits): LibraryLimits | undefined {
  const given = limitOptions.flatMap((option) => (config[option] === undefined ? [] : [[option, config[option]]]))
  return given.length === 0 ? undefined : (Object.fromEntries(given) as LibraryLimits)
}
