import { FieldError } from './field-error.ts'
import { givenObject } from './given.ts'

/** Variables, and the names of those that are taken away. */
export interface EnvironmentFields {
  env: Record<string, string>
  unsetEnv: string[]
}

export function environmentToProto(env: unknown): EnvironmentFields {
  const entries = env === undefined ? [] : Object.entries(givenObject('env', env, 'an object of strings'))
  const set = entries.filter(([, value]) => value !== undefined)
  for (const [key, value] of set) {
    if (typeof value !== 'string') throw new FieldError(`env.${key}`, value, 'a string')
  }
  return {
    env: Object.fromEntries(set) as Record<string, string>,
    unsetEnv: entries.filter(([, value]) => value === undefined).map(([key]) => key),
  }
}

/** Undefined: nothing is said of the environment. `at`: where the message is. */
export function environmentFromProto(
  { env, unsetEnv }: EnvironmentFields,
  at: string,
): Record<string, string | undefined> | undefined {
  const both = unsetEnv.find((name) => Object.hasOwn(env, name))
  if (both !== undefined) throw new FieldError(`${at}.unset_env`, both, 'no variable that `env` gives a value')
  const entries = [...Object.entries(env), ...unsetEnv.map((name) => [name, undefined] as const)]
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
