import { UsageError } from '../outcome/usage-error.ts'

/** A daemon that has a name: its address, and the files to reach it with. */
export interface Context {
  host: string
  cert?: string
  key?: string
  ca?: string
}

/** All contexts, by their names, and the one in use; null: jobs are here. */
export interface Contexts {
  current: string | null
  contexts: Readonly<Record<string, Context>>
}

/** The context that is always there: this host, with no daemon. */
export const localContext = 'local'

/** @throws {UsageError} */
export function checkContextName(name: string): string {
  if (name === localContext) throw new UsageError(`the context '${localContext}' is this host, and always there`)
  if (/^\w[\w.-]{0,63}$/.test(name)) return name
  throw new UsageError(`'${name}' is no name of a context; accepted: letters, digits and '_ . -', at most 64`)
}

/** @throws {UsageError} that lists those that there are. */
export function findContext({ contexts }: Contexts, name: string): Context {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  if (found) return found
  const known = [localContext, ...Object.keys(contexts)].join(', ')
  throw new UsageError(`there is no context '${name}'; there are: ${known} ('corral context create' makes one)`)
}
