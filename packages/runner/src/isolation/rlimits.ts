import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import type { Rlimit } from './config.ts'

/** The numbers of the resources, by their names in getrlimit(2) without RLIMIT_ (asm-generic/resource.h). */
const resources: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
}

/** A resource limit, both halves. */
export interface RlimitPair {
  soft: number | 'unlimited'
  hard: number | 'unlimited'
}

/** The number of a resource. */
export function resourceNumber(name: string): number {
  return resources[name]!
}

/** Checks resource limits and gives both halves of each. */
export function checkRlimits(option: string, value: unknown): Record<string, RlimitPair> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(option, value, 'an object such as { nofile: 4096 }')
  }
  return Object.fromEntries(
    Object.entries(value as Record<string, Rlimit>).map(([name, limit]) => {
      if (!Object.hasOwn(resources, name)) {
        throw new InvalidOptionError(option, name, `the resources ${Object.keys(resources).join(', ')}`)
      }
      return [name, checkRlimit(`${option}.${name}`, limit)]
    }),
  )
}

function checkRlimit(option: string, limit: unknown): RlimitPair {
  const accepted = "a whole number from 0, 'unlimited', or { soft, hard } of such"
  const pair = typeof limit === 'object' ? limit : { soft: limit, hard: limit }
  refuseUnknownPart(option, pair, ['soft', 'hard'], accepted)
  const { soft: givenSoft, hard: givenHard } = pair as Record<string, unknown>
  const [soft, hard] = [givenSoft, givenHard].map((half) => {
    if (half === 'unlimited' || (typeof half === 'number' && Number.isSafeInteger(half) && half >= 0)) return half
    throw new InvalidOptionError(option, limit, accepted)
  }) as [RlimitPair['soft'], RlimitPair['hard']]
  if (hard !== 'unlimited' && (soft === 'unlimited' || soft > hard)) {
    throw new InvalidOptionError(option, limit, 'a soft limit that is not above the hard one')
  }
  return { soft, hard }
}
