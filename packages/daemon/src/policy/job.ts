import { userInfo } from 'node:os'

import type { CollectOptions, Isolation, JobConfig, Limits, Stdin } from '@corral/runner'

import { bytesOf } from './amounts.ts'
import { bounded, boundedLimits } from './bounded.ts'
import { collectTimeScale, graceScale, limitScales, millisecondScale, storedScale } from './bounds.ts'
import { anyOf, ForbiddenOptionError, hidden } from './forbidden.ts'
import { admitIsolation } from './isolation.ts'
import { isBelow, plainPath } from './paths.ts'
import type { Rules } from './rules.ts'

/** What a job asks for, its isolation having been let through. */
interface Wish {
  config: JobConfig
  isolation: Isolation
  rules: Rules
}

/** Gives an option as it is let through or filled in. */
type Judge<Option extends keyof JobConfig> = (value: JobConfig[Option], wish: Wish) => JobConfig[Option]

/** Each option of the library's but limits: one that is not here is refused, and the types say that it is missing. */
const judges: { readonly [Option in Exclude<keyof Required<JobConfig>, keyof Limits>]: Judge<Option> } = {
  command: (value) => value,
  name: (value) => value,
  env: (value, { rules }) => forced('env', value, rules.env),
  cwd: (value) => value,
  user: admitUser,
  group: admitGroup,
  noLimits: admitNoLimits,
  isolation: (_value, { isolation }) => isolation,
  workdir: (value) => value,
  files: (value) => value,
  collect: admitCollect,
  outputMax: (value, { rules }) => bounded('outputMax', value, rules.outputMax, storedScale),
  stdin: (value, { rules }) => admitStdin(value, rules),
  tty: (value) => value,
  labels: (value, { rules }) => forced('labels', value, rules.labels) as JobConfig['labels'],
  timeoutMs: (value, { rules }) => bounded('timeoutMs', value, rules.timeoutMs, millisecondScale),
  stopSignal: (value) => value,
  stopGraceMs: (value, { rules }) => bounded('stopGraceMs', value, rules.stopGraceMs, graceScale),
  shim: (value) => admitShim(value),
}

/** The options of the library that there is a rule for. */
export const jobOptions: readonly string[] = [...Object.keys(judges), ...Object.keys(limitScales)]

/**
 * A job's configuration with what the rules force and fill in.
 * @throws {ForbiddenOptionError}
 */
export function admitJob(config: JobConfig, rules: Rules): JobConfig {
  for (const [option, value] of Object.entries(config)) {
    if (!jobOptions.includes(option)) throw new ForbiddenOptionError(option, value, `only ${jobOptions.join(', ')}`)
  }
  const wish: Wish = { config, isolation: admitIsolation(config.isolation, rules), rules }
  const admitted = Object.entries(judges).map(([option, judge]) => {
    const value = config[option as keyof JobConfig]
    return [option, (judge as (value: unknown, wish: Wish) => unknown)(value, wish)] as const
  })
  // What has no cgroup cannot be limited; whether it may be so was judged above.
  const limits = config.noLimits === true ? givenLimits(config) : boundedLimits(config, rules)
  const given = Object.fromEntries(admitted.filter(([, value]) => value !== undefined))
  return { ...given, ...limits } as unknown as JobConfig
}

/** Their absence is for the library to ask for. */
function givenLimits(config: JobConfig): Limits {
  return Object.fromEntries(Object.entries(config).filter(([option]) => Object.hasOwn(limitScales, option)))
}

/** What no client of a daemon can have: the daemon's program is none of its own. */
export function admitShim(shim: JobConfig['shim']): JobConfig['shim'] {
  if (shim === undefined || shim === 'native') return shim
  throw new ForbiddenOptionError('shim', shim, "'native': the daemon's program is not the client's")
}

/** Given values, on top of which come those that are forced. */
export function forced(
  option: string,
  given: Readonly<Record<string, string | undefined>> | undefined,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> | undefined {
  for (const [key, value] of Object.entries(values)) {
    if (given && Object.hasOwn(given, key) && given[key] !== value) {
      throw new ForbiddenOptionError(`${option}.${key}`, hidden('another value'), 'the one that the policy sets')
    }
  }
  return given || Object.keys(values).length > 0 ? { ...given, ...values } : given
}

function admitNoLimits(value: boolean | undefined, { rules }: Wish): boolean | undefined {
  if (value !== true || rules.noLimits) return value
  throw new ForbiddenOptionError('noLimits', value, 'false')
}

/** Whom a job runs as. In a user namespace of its own it is who it likes: the ids of the host that it has were judged. */
function admitUser(value: JobConfig['user'], { isolation, rules }: Wish): JobConfig['user'] {
  if (isolation.uidMap !== undefined) return value
  if (value !== undefined || rules.user !== undefined) return admitName('user', value, rules.user, rules.users)
  if (isolation.profile === 'strict') return undefined
  const { username, uid } = userInfo()
  if (['*', username, String(uid)].some((name) => rules.users.includes(name))) return undefined
  const accepted = anyOf(rules.users, "none, in the profile 'strict' alone")
  throw new ForbiddenOptionError(
    'user',
    value,
    `${accepted}; a job without one would be the daemon's user, ${username}`,
  )
}

function admitGroup(value: JobConfig['group'], { isolation, rules }: Wish): JobConfig['group'] {
  return isolation.uidMap === undefined ? admitName('group', value, rules.group, rules.groups) : value
}

/** A user or group that is named: the one that is forced, or one of a list. */
export function admitName(
  option: 'user' | 'group',
  value: string | number | undefined,
  forced: string | undefined,
  allowed: readonly string[],
): string | number | undefined {
  if (forced !== undefined && (value === undefined || String(value) === forced)) return forced
  if (value === undefined) return undefined
  const accepted = forced === undefined ? allowed : [forced]
  if (accepted.includes(String(value)) || (forced === undefined && accepted.includes('*'))) return value
  throw new ForbiddenOptionError(option, value, anyOf(accepted, `no ${option} of the host`))
}

/** Text, bytes, what is streamed, or a file of those that the rules name. */
export function admitStdin(value: Stdin | undefined, rules: Rules): Stdin | undefined {
  if (value === undefined || typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) return value
  const { file, ...rest } = value ?? {}
  const plain = plainPath(file)
  if (plain !== undefined && Object.keys(rest).length === 0 && isBelow(plain, rules.stdinFiles)) return { file: plain }
  throw new ForbiddenOptionError('stdin.file', file, anyOf(rules.stdinFiles, 'no file of the host'))
}

function admitCollect(value: JobConfig['collect'], { rules }: Wish): JobConfig['collect'] {
  if (value === undefined) return undefined
  const { paths, maxBytes, timeoutMs, ...rest } = (Array.isArray(value) ? { paths: value } : value) as CollectOptions
  const [unknown] = Object.entries(rest)
  if (unknown) throw new ForbiddenOptionError(`collect.${unknown[0]}`, unknown[1], 'only paths, maxBytes, timeoutMs')
  const bytes = bounded<number | string>('collect.maxBytes', maxBytes, rules.collectMax, storedScale)
  const { max } = rules.timeoutMs
  const time = bounded('collect.timeoutMs', timeoutMs, max === undefined ? {} : { max }, collectTimeScale)
  return {
    paths,
    ...(bytes !== undefined && { maxBytes: Math.min(bytesOf('collect.maxBytes', bytes), Number.MAX_SAFE_INTEGER) }),
    ...(time !== undefined && { timeoutMs: time }),
  }
}
