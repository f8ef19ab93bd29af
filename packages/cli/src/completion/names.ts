import { Command } from 'commander'

import { localContext } from '../contexts/context.ts'
import { readContexts } from '../contexts/file.ts'
import { choosePlace, openPlace } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

/** A daemon that has not answered by then has no part in what somebody types. */
const patienceMs = 2000

/** The names of all jobs of the place that the words name; none when they cannot be read. */
export async function jobNames(words: readonly string[]): Promise<string[]> {
  try {
    const place = await choosePlace(whereOf(words))
    const names = openPlace(place, async (runner) => (await runner.list()).map(({ name }) => name), {
      signal: AbortSignal.timeout(patienceMs),
    })
    return await names
  } catch {
    return []
  }
}

/** The names of all contexts. */
export async function contextNames(): Promise<string[]> {
  try {
    return [localContext, ...Object.keys((await readContexts()).contexts)]
  } catch {
    return [localContext]
  }
}

/** What a line that is not finished says of where jobs are. */
export function whereOf(words: readonly string[]): WhereOptions {
  const command = addWhere(new Command().allowUnknownOption().allowExcessArguments().helpOption(false).exitOverride())
  const end = words.indexOf('--')
  // The last word is being typed.
  const said = end < 0 ? words.slice(0, -1) : words.slice(0, end)
  return command
    .configureOutput({ writeErr: () => {} })
    .parse(said, { from: 'user' })
    .opts()
}
