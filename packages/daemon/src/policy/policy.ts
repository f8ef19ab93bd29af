import type { QuotaBounds } from '@corral/api'
import type { JobConfig } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'

import type { Caller } from '../identity/caller.ts'
import { checkedLimits } from './bounded.ts'
import type { IdentityConfig, PolicyConfig } from './config.ts'
import type { Grant, Policy, Role } from './contract.ts'
import { admitExec } from './exec.ts'
import { ForbiddenOptionError } from './forbidden.ts'
import { admitJob, admitShim } from './job.ts'
import { isGenuine, type Matcher, matcherOf } from './match.ts'
import { makeRules, overlaid, type Rules } from './rules.ts'

/** Somebody who is known, and what they may do. */
interface Entry {
  matches: Matcher
  role: Role | 'none'
  quota: QuotaBounds
  /** Null: none. */
  rules: Rules | null
}

/**
 * What the configuration says of who may do what; the table of docs/policy.md.
 * @throws {InvalidOptionError} for a mistake in the configuration.
 */
export function createPolicy(config: PolicyConfig = {}): Policy {
  const entries = [
    ...(config.identities ?? []).map((entry, index) => readEntry(`identities[${index}]`, entry, config)),
    ...localEntries(config),
  ]
  return {
    grant(caller) {
      const entry = isGenuine(caller) ? entries.find(({ matches }) => matches(caller)) : undefined
      return entry && entry.role !== 'none' ? grantOf(caller, entry.role, entry) : undefined
    },
  }
}

/** Users of this host that the configuration does not name. */
function localEntries(config: PolicyConfig): Entry[] {
  const isOurs: Matcher = ({ via, uid }) => via === 'unix' && (uid === 0 || uid === process.geteuid!())
  return [
    { matches: isOurs, role: 'admin', quota: {}, rules: null },
    {
      matches: ({ via }) => via === 'unix',
      role: 'operator',
      quota: config.quota ?? {},
      rules: makeRules('rules', config.rules ?? {}),
    },
  ]
}

const roles: readonly unknown[] = ['none', 'viewer', 'operator', 'admin'] satisfies Entry['role'][]

function readEntry(option: string, entry: IdentityConfig, { rules, quota }: PolicyConfig): Entry {
  const { match, role } = entry
  if (typeof match !== 'string' || match === '') {
    throw new InvalidOptionError(`${option}.match`, match, "an identity, 'unix:USER' or 'unix-group:GROUP'")
  }
  if (!roles.includes(role)) throw new InvalidOptionError(`${option}.role`, role, roles.join(', '))
  const isFree = role === 'admin' && !entry.rules
  return {
    matches: matcherOf(match),
    role,
    quota: role === 'admin' ? (entry.quota ?? {}) : { ...quota, ...entry.quota },
    rules: isFree ? null : makeRules(`${option}.rules`, overlaid(rules, entry.rules)),
  }
}

function grantOf({ identity }: Caller, role: Role, { quota, rules }: Entry): Grant {
  const grant = { identity, role, quota, sees: (owner: string) => role === 'admin' || owner === identity }
  if (!rules) {
    return {
      ...grant,
      admit: (config) => freeJob(config),
      admitExec: (config) => config,
      admitLimits: (limits) => limits,
      admitPriority: (priority) => priority,
    }
  }
  return {
    ...grant,
    admit: (config) => admitJob(config, rules),
    admitExec: (config) => admitExec(config, rules),
    admitLimits: (limits) => checkedLimits(limits, rules),
    admitPriority: (priority) => admitPriority(priority, rules),
  }
}

function freeJob(config: JobConfig): JobConfig {
  admitShim(config.shim)
  return config
}

function admitPriority(priority: number, { priorityMax }: Rules): number {
  if (priority <= priorityMax) return priority
  throw new ForbiddenOptionError('priority', priority, `at most ${priorityMax}`)
}
