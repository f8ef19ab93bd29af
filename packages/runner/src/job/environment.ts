import { userInfo } from 'node:os'

import { InvalidOptionError } from '../errors/mistakes.ts'
import type { Account } from './user.ts'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

let ownHome: string | undefined

/** The job's environment: our few defaults, the user's where one is given, and on top what the caller says. */
export function checkEnvironment(env: unknown, account: Account | null): Record<string, string> {
  const result: Record<string, string> = {
    PATH: defaultPath,
    HOME: account?.home ?? (ownHome ??= userInfo().homedir),
    LANG: 'C.UTF-8',
    TERM: 'dumb',
  }
  if (account?.name) Object.assign(result, { USER: account.name, LOGNAME: account.name })
  if (env === undefined) return result
  if (typeof env !== 'object' || env === null) throw new InvalidOptionError('env', env, 'an object of strings')
  for (const [key, value] of Object.entries(env as Record<string, unknown>)) {
    if (key === '' || key.includes('=') || key.includes('\0')) {
      throw new InvalidOptionError('env', key, "names that are not empty and hold no '=' and no NUL")
    }
    if (value === undefined) delete result[key]
    else if (typeof value !== 'string' || value.includes('\0')) {
      throw new InvalidOptionError(`env.${key}`, value, 'a string without NUL')
    } else result[key] = value
  }
  return result
}
