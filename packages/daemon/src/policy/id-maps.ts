import type { IdMap } from '@corral/runner'

import { anyOf, ForbiddenOptionError } from './forbidden.ts'
import type { Wish } from './isolation.ts'

/** A map whose ids of the host are all among the rules'. */
export function admitIdMap(option: string, map: readonly IdMap[], { isolation, rules }: Wish): readonly IdMap[] {
  if (isolation.uidMap === undefined) throw new ForbiddenOptionError(option, map, 'nothing without a uidMap')
  if (rules.user !== undefined) {
    throw new ForbiddenOptionError(option, map, `nothing, as every job's user is ${rules.user}`)
  }
  if (!Array.isArray(map)) throw new ForbiddenOptionError(option, map, 'an array')
  return map.map((entry: IdMap, index) => {
    const { inside, outside, size } = entry
    const isFine = size >= 1 && rules.idMaps.some(({ first, last }) => first <= outside && outside + size - 1 <= last)
    if (isFine) return { inside, outside, size }
    const accepted = anyOf(
      rules.idMaps.map(({ first, last }) => `ids of the host from ${first} to ${last}`),
      'no ids of the host',
    )
    throw new ForbiddenOptionError(`${option}[${index}]`, entry, accepted)
  })
}
