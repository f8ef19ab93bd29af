import { userInfo } from 'node:os'

import { InvalidOptionError } from '../errors/mistakes.ts'
import type { Account } from './user.ts'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

let ownHome: string | undefined

/** The home of this process's user; `/` when the user has no entry in the host's databases. */
function findOwnHome(): string {
  try {
    return userInfo().homedir
  } catch {
    return '/'
  }
}

/** The job's environment: our few defaults, the user's where one is given, and on top what the caller says. */
export function checkEnvironment(
  env: unknown,
  account: Pick<Account, 'name' | 'home'> | null,
  hasTerminal = false,
): Record<string, string> {
  const user: Record<string, string> = account?.name ? { USER: account.name, LOGNAME: account.name } : {}
  const defaults = {
    PATH: defaultPath,
    HOME: account?.home ?? (ownHome ??= findOwnHome()),
    LANG: 'C.UTF-8',
    TERM: hasTerminal ? 'xterm' : 'dumb',
  }
  return checkVariables(env, { ...defaults, ...user })
}

/** Variables as the caller wants them, on top of others. */
export function checkVariables(env: unknown, below: Readonly<Record<string, string>>): Record<string, string> {
  // No plain object: a variable may be called `__proto__`.
  const result = new Map(Object.entries(below))
  if (env === undefined) return Object.fromEntries(result)
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw new InvalidOptionError('env', env, 'an object of strings')
  }
  for (const [key, value] of Object.entries(env as Record<string, unknown>)) {
    if (key === '' || key.includes('=') || key.includes('\0')) {
      throw new InvalidOptionError('env', key, "names that are not empty and hold no '=' and no NUL")
    }
    if (value === undefined) result.delete(key)
    else if (typeof value !== 'string' || value.includes('\0')) {
      throw new InvalidOptionError(`env.${key}`, value, 'a string without NUL')
    } else result.set(key, value)
  }
  return Object.fromEntries(result)
}
